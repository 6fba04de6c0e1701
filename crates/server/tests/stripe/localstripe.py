"""Starts localstripe on a free port of this machine, prints its address, and serves until it is killed. By itself it would
listen to the whole network and keep what it knows in a file for the next run; here it forgets everything.

It is Stripe as others understand it, so as little as possible is changed: only where it lacks a parameter, an address or a
message that Stripe has, and where it calls a decline by another name. Each change says which. How objects look, what a card
does, when something is told and how it is signed stay as they are."""

import asyncio

from aiohttp import web
from localstripe import resources
from localstripe.errors import UserError
from localstripe.resources import Event, Invoice, List, PaymentIntent, PaymentMethod, Refund
from localstripe.webhooks import schedule_webhook


def tolerates(cls, name, *parameters):
    """Stripe takes these parameters, which change nothing about what is made here."""
    known = getattr(cls, name)

    def tolerant(*arguments, **data):
        return known(*arguments, **{key: value for key, value in data.items() if key not in parameters})

    setattr(cls, name, tolerant)


def narrows(cls, *fields):
    """Stripe's lists are narrowed by these fields, by the instant since when, and events by their types."""
    known = cls._api_list_all

    def narrowed(url, created=None, types=None, **query):
        wanted = {field: query.pop(field) for field in fields if field in query}
        since = int(created["gte"]) if created else 0
        found = known(url, **query)
        found._list = [
            one
            for one in found._list
            if one.created >= since
            and (types is None or one.type in types)
            and all(getattr(one, field) == value for field, value in wanted.items())
        ]
        return found

    cls._api_list_all = narrowed


def calls_a_decline_a_card_error():
    """Stripe's kind of error for a card that was not charged; localstripe calls it an invalid request."""
    known = UserError.to_response

    def to_response(self):
        if self.code == 402:
            self.body["error"]["type"] = "card_error"
        return known(self)

    UserError.to_response = to_response


def tells(cls, name, kind):
    """Stripe tells of this; localstripe does it in silence."""
    known = getattr(cls, name)

    def told(*arguments, **data):
        changed = known(*arguments, **data)
        schedule_webhook(Event(kind, changed))
        return changed

    setattr(cls, name, told)


def cards_of_customer(id, **query):
    """Stripe lists a customer's payment methods below the customer as well."""
    return PaymentMethod._api_list_all(f"/v1/customers/{id}/payment_methods", customer=id, **query)


def no_disputes(**query):
    """Nobody disputes anything here, and there is a list that says so."""
    return List("/v1/disputes")


tolerates(PaymentIntent, "_api_create", "automatic_payment_methods", "description")
tolerates(PaymentIntent, "_api_cancel", "cancellation_reason")
narrows(PaymentIntent, "customer")
narrows(Invoice, "status")
narrows(Refund)
narrows(Event)
tells(PaymentIntent, "_api_cancel", "payment_intent.canceled")
tells(PaymentMethod, "_api_attach", "payment_method.attached")
tells(Refund, "_api_create", "refund.created")
calls_a_decline_a_card_error()
# The first address that fits is taken, and the server reads this list when it is imported.
resources.extra_apis[:0] = [
    ("GET", "/v1/customers/{id}/payment_methods", cards_of_customer),
    ("GET", "/v1/disputes", no_disputes),
    ("POST", "/v1/payment_intents/{id}/cancel", PaymentIntent._api_cancel),
    ("POST", "/v1/payment_methods/{id}/attach", PaymentMethod._api_attach),
]
resources.store.dump_to_disk = lambda: None

from localstripe.server import app  # noqa: E402


async def serve():
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.Event().wait()


asyncio.run(serve())
