"""The official Python SDK against a gateway, with only base URL and key changed. Prints what it saw as JSON."""

import json
import os

import openai

url = os.environ["GANTRY_URL"]
key = os.environ["GANTRY_KEY"]
client = openai.OpenAI(base_url=url, api_key=key, max_retries=0)
models = ["sim-chat", "Sim-Claude-4.6"]
hello = [{"role": "user", "content": "say hello there"}]
weather = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def whole(model):
    answer = client.chat.completions.create(model=model, messages=hello)
    return answer.choices[0].message.content


def streamed(model):
    chunks = client.chat.completions.create(model=model, messages=hello, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def tool(model):
    answer = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": 'call get_weather {"city":"Oslo"}'}],
        tools=[weather],
    )
    return json.loads(answer.choices[0].message.tool_calls[0].function.arguments)


def failure(call):
    try:
        call()
    except openai.APIStatusError as error:
        return type(error).__name__
    return None


bad = openai.OpenAI(base_url=url, api_key="nonsense", max_retries=0)
print(
    json.dumps(
        {
            "models": sorted(model.id for model in client.models.list()),
            "whole": {model: whole(model) for model in models},
            "streamed": {model: streamed(model) for model in models},
            "tool": {model: tool(model) for model in models},
            "errors": {
                "key": failure(lambda: bad.models.list()),
                "model": failure(lambda: whole("no-such-model")),
                "group": failure(lambda: whole("only-vip")),
            },
        }
    )
)
