"""What the stand-ins for HTTP services are built on."""

from http.server import BaseHTTPRequestHandler


class QuickHandler(BaseHTTPRequestHandler):
    """Sends at once: head and body are two writes, and the second would wait for the client's
    acknowledgement of the first, 40 ms late."""

    disable_nagle_algorithm = True
