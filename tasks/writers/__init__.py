"""The writers of a dataset's folder, which ``folder`` describes.

``tasks.dataset`` lists them in the order in which they write.
"""
