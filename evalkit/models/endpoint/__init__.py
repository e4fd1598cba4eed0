"""Models behind HTTP: OpenAI-compatible servers, and any other JSON endpoint by body template and response path.

docs/endpoints.md describes references, retries, failures and what happens to keys.
"""

from evalkit.models.endpoint.backend import open_endpoint

__all__ = ["open_endpoint"]
