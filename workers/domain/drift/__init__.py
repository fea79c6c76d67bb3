"""How far live rows are from the rows that a model learned from: measures of columns, what they amount to, and how that is told.

The only rooms of the domain that use numpy (and, for three distribution functions, `scipy.special`); nobody imports them who need not.
"""
