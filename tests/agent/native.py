"""The conversation with native tools of the Python SDK, called as its OpenAI provider does."""

import json

from composio import Composio
from openai.types.chat import ChatCompletionMessageToolCall

from conversation import briefing, play, told

given = briefing()
composio = Composio(api_key=given["api_key"], base_url=given["base_url"], allow_tracking=False)
session = composio.create(
    user_id="agent-in-python", toolkits=["github"], manage_connections={"enable": True, "callback_url": given["app_url"]}
)
offered = {tool["function"]["name"] for tool in session.tools()}


def call(slug: str, arguments: dict) -> dict:
    told(f"{slug} is one of its tools", slug in offered, offered)
    function = {"name": slug, "arguments": json.dumps(arguments)}
    chosen = ChatCompletionMessageToolCall.model_validate({"id": "call_1", "type": "function", "function": function})
    return composio.provider.execute_tool_call(session=session, tool_call=chosen)


play(call, given["app_url"])
