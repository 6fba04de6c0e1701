"""Judges calls by the types of Stripe's Python library, and prints every parameter that does not fit. The calls come on
standard input, as a list of [method and path, what was sent]; the version that they speak is the argument."""

import importlib
import json
import re
import sys
from decimal import Decimal
from types import UnionType
from typing import Any, Dict, Generic, List, Literal, TypeVar, Union, get_args, get_origin

from stripe._api_version import _ApiVersion
from stripe._request_options import RequestOptions
from typing_extensions import get_type_hints, is_typeddict

# Which class says what a call may send: its module below stripe.params, and its name.
CLASSES = {
    r"POST /v1/customers": ("_customer_create_params", "CustomerCreateParams"),
    r"GET /v1/customers/\w+": ("_customer_retrieve_params", "CustomerRetrieveParams"),
    r"GET /v1/customers/\w+/payment_methods": (
        "_customer_payment_method_list_params",
        "CustomerPaymentMethodListParams",
    ),
    r"POST /v1/payment_intents": ("_payment_intent_create_params", "PaymentIntentCreateParams"),
    r"POST /v1/payment_intents/\w+/cancel": ("_payment_intent_cancel_params", "PaymentIntentCancelParams"),
    r"GET /v1/payment_intents": ("_payment_intent_list_params", "PaymentIntentListParams"),
    r"GET /v1/payment_intents/\w+": ("_payment_intent_retrieve_params", "PaymentIntentRetrieveParams"),
    r"POST /v1/prices": ("_price_create_params", "PriceCreateParams"),
    r"GET /v1/prices": ("_price_list_params", "PriceListParams"),
    r"GET /v1/prices/\w+": ("_price_retrieve_params", "PriceRetrieveParams"),
    r"POST /v1/checkout/sessions": ("checkout._session_create_params", "SessionCreateParams"),
    r"POST /v1/billing_portal/sessions": ("billing_portal._session_create_params", "SessionCreateParams"),
    r"GET /v1/subscriptions": ("_subscription_list_params", "SubscriptionListParams"),
    r"GET /v1/subscriptions/\w+": ("_subscription_retrieve_params", "SubscriptionRetrieveParams"),
    r"POST /v1/subscriptions/\w+": ("_subscription_update_params", "SubscriptionUpdateParams"),
    r"POST /v1/subscription_schedules": (
        "_subscription_schedule_create_params",
        "SubscriptionScheduleCreateParams",
    ),
    r"POST /v1/subscription_schedules/\w+": (
        "_subscription_schedule_update_params",
        "SubscriptionScheduleUpdateParams",
    ),
    r"POST /v1/subscription_schedules/\w+/release": (
        "_subscription_schedule_release_params",
        "SubscriptionScheduleReleaseParams",
    ),
    r"GET /v1/invoices": ("_invoice_list_params", "InvoiceListParams"),
    r"GET /v1/invoices/\w+": ("_invoice_retrieve_params", "InvoiceRetrieveParams"),
    r"POST /v1/invoices/\w+/void": ("_invoice_void_invoice_params", "InvoiceVoidInvoiceParams"),
    r"GET /v1/invoice_payments": ("_invoice_payment_list_params", "InvoicePaymentListParams"),
    r"GET /v1/refunds": ("_refund_list_params", "RefundListParams"),
    r"GET /v1/disputes": ("_dispute_list_params", "DisputeListParams"),
    r"GET /v1/events": ("_event_list_params", "EventListParams"),
}


Anything = TypeVar("Anything")


class Untyped(Generic[Anything]):
    """Stands for what the library only imports for type checkers."""


MISSING = {"UntypedStripeObject": Untyped, "Decimal": Decimal, "StripeContext": str, "Mapping": Dict}


def faults(sent, hint, where):
    """What does not fit, as sentences."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return []
    if is_typeddict(hint):
        if not isinstance(sent, dict):
            return [f"{where} is {sent!r}, and should have parts"]
        known = get_type_hints(hint, localns=MISSING)
        # What the library itself is told with some calls is no parameter.
        known = {name: kind for name, kind in known.items() if name not in RequestOptions.__annotations__}
        strange = [f"{where}[{name}] is unknown" for name in sent if name not in known]
        missing = [f"{where}[{name}] is missing" for name in hint.__required_keys__ if name not in sent]
        inside = [fault for name in sent if name in known for fault in faults(sent[name], known[name], f"{where}[{name}]")]
        return strange + missing + inside
    if origin in (Union, UnionType):
        # A name that is one of several is also typed as any text, for versions to come; here it is one of them.
        if any(get_origin(one) is Literal for one in arguments):
            arguments = [one for one in arguments if one is not str]
        tried = [faults(sent, one, where) for one in arguments]
        return min(tried, key=len)
    if origin is Literal:
        return [] if sent in arguments else [f"{where} is {sent!r}, and should be one of {arguments}"]
    if origin in (list, List):
        parts = list(sent.values()) if isinstance(sent, dict) else sent
        if not isinstance(parts, list):
            return [f"{where} is {sent!r}, and should be a list"]
        return [fault for place, part in enumerate(parts) for fault in faults(part, arguments[0], f"{where}[{place}]")]
    if origin in (dict, Dict):
        return [] if isinstance(sent, dict) else [f"{where} is {sent!r}, and should have parts"]
    fits = {
        int: lambda: isinstance(sent, str) and re.fullmatch(r"-?\d+", sent),
        bool: lambda: sent in ("true", "false"),
        str: lambda: isinstance(sent, str),
    }.get(hint, lambda: isinstance(sent, str))
    return [] if fits() else [f"{where} is {sent!r}, and should be {hint}"]


assert _ApiVersion.CURRENT == sys.argv[1], f"the library speaks {_ApiVersion.CURRENT}"
for call, sent in json.load(sys.stdin):
    found = [place for pattern, place in CLASSES.items() if re.fullmatch(pattern, call)]
    if not found:
        print(f"{call}: nobody said which class judges it")
        continue
    module, name = found[0]
    judge = getattr(importlib.import_module(f"stripe.params.{module}"), name)
    for fault in faults(sent, judge, ""):
        print(f"{call}: {fault}")
