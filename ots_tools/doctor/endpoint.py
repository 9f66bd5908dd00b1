"""The URL of an instance goes in; whether anything answers there, and its clock, come out.

Nothing is signed and nothing sent but the request's line. Refuses by UnreachableError.
"""

from __future__ import annotations

import calendar
from email.utils import parsedate
from urllib.parse import urlsplit

import certifi
import urllib3

TIME_OUT = urllib3.Timeout(connect=5, read=10)  # seconds


class UnreachableError(Exception):
    """Nobody answers there; the words say why, and what to look at."""


def date_of(url: str) -> float | None:
    """The time there in seconds since 1970, as far as the answer tells; whatever it answers."""
    host = urlsplit(url).hostname
    pool = urllib3.PoolManager(cert_reqs="CERT_REQUIRED", ca_certs=certifi.where())
    try:
        answer = pool.request("GET", url, retries=False, timeout=TIME_OUT, redirect=False)
    except urllib3.exceptions.NameResolutionError:
        raise UnreachableError(
            f"no host is called {host}: check OTS_INSTANCE and OTS_REGION, or OTS_ENDPOINT "
            "(the domain ends in .ots.aliyuncs.com)"
        ) from None
    except urllib3.exceptions.SSLError:
        raise UnreachableError(
            f"{host} does not speak TLS as it should: check OTS_ENDPOINT"
        ) from None
    except urllib3.exceptions.NewConnectionError:  # a kind of the next one
        raise UnreachableError(f"{host} takes no connection: check OTS_ENDPOINT") from None
    except urllib3.exceptions.ConnectTimeoutError:
        raise UnreachableError(
            f"{host} does not answer. A VPC's or internal domain is reached from inside Alibaba "
            "Cloud only: use the public one, or look at the firewalls on the way"
        ) from None
    except urllib3.exceptions.HTTPError as error:
        raise UnreachableError(f"{host} gives no answer ({type(error).__name__})") from None
    finally:
        pool.clear()
    date = parsedate(answer.headers.get("Date", ""))
    return calendar.timegm(date) if date else None
