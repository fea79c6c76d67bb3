"""The sample artifacts of the demo: real trained models, the data set behind one of them, and a small service.

`train.py` makes the models and the data set again from what ships inside scikit-learn; the service is written by hand.
A version's folder is named like the version with underscores (`v1_0_0`), so that the Python files in it stay importable.
"""
