"""A small inference server for ONNX models that can change versions without failing a request.

It speaks the Open Inference Protocol V2 over REST with the model repository extension, and one extension of its
own, `towpath_default`: which of the loaded versions answers when a caller names none.
"""
