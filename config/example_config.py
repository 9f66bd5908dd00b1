"""The article's second way of configuring: what the environment does not set is read from here.

As shipped it sets nothing. Environment variables are the better way: one package then serves every
table. Never commit an access key; whoever can read this file, or the package, can use it. The
README's table of settings says what each one means.
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
