"""A Locust user whose client costs a tenth: HTTP/1.1 over one kept connection, a greenlet each.

Goes in: sockets, TLS, parsing, and Locust's request event. Stays out: personas and recording.
"""

from loadtests.dense.client import DenseClient
from loadtests.dense.response import DenseResponse
from loadtests.dense.user import DenseUser

__all__ = ["DenseClient", "DenseResponse", "DenseUser"]
