"""The writers of a dataset's folder, each a function of the ``Dataset`` that ``folder`` describes.

``tasks.dataset`` lists them in the order in which they write.
"""
