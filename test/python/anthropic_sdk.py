"""Python's Anthropic SDK against a gateway, with only base URL and key changed. Prints what it saw as JSON."""

import json
import os

import anthropic

url = os.environ["GANTRY_URL"]
client = anthropic.Anthropic(base_url=url, api_key=os.environ["GANTRY_KEY"], max_retries=0)
models = ["sim-chat", "sim-responses", "Sim-Claude-4.6"]
weather = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def said(text):
    return [{"role": "user", "content": text}]


def words(message):
    return "".join(block.text for block in message.content if block.type == "text")


def whole(model):
    message = client.messages.create(model=model, max_tokens=200, messages=said("say hello there"))
    return {
        "text": words(message),
        "stop": message.stop_reason,
        "counts": message.usage.input_tokens > 0 and message.usage.output_tokens > 0,
    }


def streamed(model):
    with client.messages.stream(
        model=model, max_tokens=200, messages=said("say one two three")
    ) as stream:
        deltas = list(stream.text_stream)
        final = stream.get_final_message()
    return {"deltas": "".join(deltas), "final": words(final), "pieces": len(deltas) > 1}


def loop(model, stream):
    """Calls until the model is done; each answer goes back as it came."""
    messages = said(
        'call get_weather {"city":"Oslo"}\ncall get_weather {"city":"Rome"}\nthen\n'
        'call get_weather {"city":"Lima ü"}\nthen\nsay all known'
    )
    asked = []
    for _ in range(5):
        wish = {"model": model, "max_tokens": 500, "messages": messages, "tools": [weather]}
        if stream:
            with client.messages.stream(**wish) as running:
                answer = running.get_final_message()
        else:
            answer = client.messages.create(**wish)
        calls = [block for block in answer.content if block.type == "tool_use"]
        if not calls:
            return {"asked": asked, "text": words(answer)}
        assert answer.stop_reason == "tool_use", answer.stop_reason
        asked += [call.input["city"] for call in calls]
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": "cold"} for call in calls
        ]
        messages += [
            {"role": "assistant", "content": answer.content},
            {"role": "user", "content": results},
        ]
    return None


def failure(call):
    try:
        call()
    except anthropic.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.body["error"]["type"]]
    return None


def failing_stream():
    try:
        with client.messages.stream(
            model="sim-chat", max_tokens=200, messages=said("count 50\nfail after 3")
        ) as stream:
            stream.get_final_message()
    except anthropic.APIError:
        # With a status or inside the stream, as the first words came before it or with it.
        return True
    return False


bad = anthropic.Anthropic(base_url=url, api_key="nonsense", max_retries=0)
print(
    json.dumps(
        {
            "models": sorted(model.id for model in client.models.list()),
            "whole": {model: whole(model) for model in models},
            "streamed": {model: streamed(model) for model in models},
            "loop": {model: loop(model, False) for model in models},
            "streamed loop": {model: loop(model, True) for model in models},
            "counted": client.messages.count_tokens(
                model="sim-chat", messages=said("one two three")
            ).input_tokens
            > 2,
            "errors": {
                "key": failure(lambda: bad.models.list()),
                "model": failure(
                    lambda: client.messages.create(
                        model="no-such-model", max_tokens=9, messages=said("x")
                    )
                ),
                "empty": failure(
                    lambda: client.messages.create(model="sim-chat", max_tokens=9, messages=[])
                ),
                "stream": failing_stream(),
            },
        }
    )
)
