"""Python's OpenAI SDK on the Responses wire, with only base URL and key changed. Prints what it saw as JSON."""

import json
import os

import openai

client = openai.OpenAI(
    base_url=os.environ["GANTRY_URL"] + "/v1", api_key=os.environ["GANTRY_KEY"], max_retries=0
)
models = ["sim-chat", "sim-responses", "Sim-Claude-4.6"]
weather = {
    "type": "function",
    "name": "get_weather",
    "strict": False,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def whole(model):
    answer = client.responses.create(model=model, input="say hello there", store=False)
    usage = answer.usage
    return {
        "text": answer.output_text,
        "status": answer.status,
        "sums": usage.total_tokens == usage.input_tokens + usage.output_tokens > 0,
    }


def streamed(model):
    deltas = []
    with client.responses.stream(model=model, input="say one two three") as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                deltas.append(event.delta)
        final = stream.get_final_response()
    return {"deltas": "".join(deltas), "final": final.output_text, "pieces": len(deltas) > 1}


def loop(model, stream):
    """Calls until the model is done; each answer goes back as it came."""
    items = [
        {
            "role": "user",
            "content": 'call get_weather {"city":"Oslo"}\ncall get_weather {"city":"Rome"}\nthen\n'
            'call get_weather {"city":"Lima ü"}\nthen\nsay all known',
        }
    ]
    asked = []
    for _ in range(5):
        wish = {"model": model, "input": items, "tools": [weather], "store": False}
        if stream:
            with client.responses.stream(**wish) as running:
                running.until_done()
                answer = running.get_final_response()
        else:
            answer = client.responses.create(**wish)
        calls = [item for item in answer.output if item.type == "function_call"]
        if not calls:
            return {"asked": asked, "text": answer.output_text}
        items += [item.to_dict(exclude_none=True) for item in answer.output]
        # What the helpers parse is theirs, no field of the wire.
        for item in items:
            item.pop("parsed_arguments", None)
        for call in calls:
            asked.append(json.loads(call.arguments)["city"])
            items.append({"type": "function_call_output", "call_id": call.call_id, "output": "cold"})
    return None


def failure(call):
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code]
    return None


def failing_stream():
    try:
        with client.responses.stream(model="sim-chat", input="count 50\nfail after 3") as stream:
            stream.until_done()
    except openai.APIError:
        # With a status or inside the stream, as the first words came before it or with it.
        return True
    return False


print(
    json.dumps(
        {
            "whole": {model: whole(model) for model in models},
            "streamed": {model: streamed(model) for model in models},
            "loop": {model: loop(model, False) for model in models},
            "streamed loop": {model: loop(model, True) for model in models},
            "errors": {
                "model": failure(lambda: client.responses.create(model="no-such-model", input="x")),
                "empty": failure(lambda: client.responses.create(model="sim-chat", input=[])),
                "stream": failing_stream(),
            },
        }
    )
)
