"""Set defaults for the function; an environment variable that is not empty takes precedence.

This is the article's second way to configure the function. Environment variables are better,
because one bundle then works for every table. The README's section "Settings" explains each
setting. As shipped, this file sets nothing. Never commit an access key: everyone who can read this
file, or the bundle, can use it.
"""

OTS_ID = ""
OTS_SECRET = ""
OTS_INSTANCE = ""
OTS_ENDPOINT = ""
TABLE_NAME = ""
PRIMARY_KEY = ""
OTS_SECRET_ARN = ""
OTS_STS_TOKEN = ""
OTS_REGION = ""
OTS_TIMEOUT = ""
OTS_ALLOW_HTTP = ""
COLUMN_NAMES = ""
COLUMN_TYPES = ""
MAX_CONCURRENCY = ""
PARTIAL_RESPONSE = ""
QUARANTINE = ""
