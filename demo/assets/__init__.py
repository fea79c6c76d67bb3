"""The sample artifacts of the demo: trained models, the data set behind one of them, and a small service.

`<collection>/<name>/<version>/` is what the artifact's folder in the sample repository holds at that version.
`train.py` makes the models and the data set again from what ships inside scikit-learn; the service is written by hand.
"""
