# What the console's pages say, in English: whole sentences, found by key. Figures come in as `$amount`, with `$amount_n` to
# choose a plural by. Where a sentence has tags, it is shown as HTML; everything it takes in is escaped first.
# One section for each file of `src/web`, in the order of the page.

### Everywhere

skip = Skip to content
console = Console
tab-billing = Billing
tab-usage = Usage
tab-history = History
tab-settings = Settings
tab-help = Help
as-of = Figures as of
as-of-short = As of
stale = The connection is interrupted. These figures may be older than they look.
dismiss = Hide for a day
all-times = All times in UTC.
on-this-page = On this page
back-to-product = Back to the product
sign-out = Sign out
going-on-title = One moment
going-on = You are being taken to the next page.
going-on-now = Go on
try-again = Try again
none = none
list-or = { $before } or { $last }
list-and = { $before } and { $last }
who = { $name }, { $role }
role-owner = owner
role-admin = admin
role-member = member
role-viewer = viewer
title-paused = { $page }: work is paused

date = { $day } { $month } { $year }
date-this-year = { $day } { $month }
date-time = { $date }, { $time } UTC
month-1 = Jan
month-2 = Feb
month-3 = Mar
month-4 = Apr
month-5 = May
month-6 = Jun
month-7 = Jul
month-8 = Aug
month-9 = Sep
month-10 = Oct
month-11 = Nov
month-12 = Dec

### States and reasons

state-ready = Ready
state-paused = Paused
state-card-problem = Card problem
state-low = Low
state-expiring = Expires soon
state-ends = Ends { $date }
state-frozen = Disputed

paused-title = New AI work is paused
headline-organization_suspended = New AI work is paused by the operator
headline-dispute_debt = New AI work is paused: a dispute took back credits that had already been used
headline-refund_debt = New AI work is paused: a refund took back credits that had already been used
headline-outstanding_usage = New AI work is paused: earlier work used more credits than you had
headline-payment_past_due = New AI work is paused: a payment for the subscription failed
headline-credits_locked = New AI work is paused: your credits are locked
headline-subscription_required = New AI work is paused: there is no subscription
headline-credits_depleted = New AI work is paused: all credits are used
headline-insufficient_credits = This work needs more credits than are left
headline-task_paused = This task waits for someone to resume it
headline-payment_failing = A payment for the subscription failed
headline-balance_low = Credits are low
headline-credits_expiring = Credits expire soon
headline-auto_recharge_suspended = Auto-recharge has stopped
headline-subscription_ending = The subscription ends
headline-credits_frozen = A payment is disputed

cause-organization_suspended = { $reason } What is running goes on; nothing new starts.
cause-dispute_debt = { $amount_n ->
    [one] { $amount } credit is owed
   *[other] { $amount } credits are owed
  } because the payment of { $paid } is disputed since { $date } and { $used } of its credits had already been used.
cause-refund_debt = { $amount_n ->
    [one] { $amount } credit is owed
   *[other] { $amount } credits are owed
  } because money of the payment of { $paid } was refunded on { $date } and { $used } of its credits had already been used.
cause-outstanding_usage = { $amount_n ->
    [one] Work that was already running used { $amount } credit more than you had.
   *[other] Work that was already running used { $amount } credits more than you had.
  }
cause-payment_past_due = A payment for the subscription failed and the time to put it right is over. A payment method that works lets work start again.
cause-credits_locked = { $amount_n ->
    [one] { $amount } purchased credit is locked since your subscription ended. It stays until { $date }.
   *[other] { $amount } purchased credits are locked since your subscription ended. They stay until { $date }.
  }
cause-credits_locked-for-ever = { $amount_n ->
    [one] { $amount } purchased credit is locked since your subscription ended.
   *[other] { $amount } purchased credits are locked since your subscription ended.
  }
cause-subscription_required = There is no subscription, and no credits that work could start with.
cause-credits_depleted = All credits are used.
cause-insufficient_credits = There are fewer credits than this work sets aside before it starts.
cause-task_paused = The task was refused for lack of credits, and starts again when someone resumes it.
cause-payment_failing = A payment for the subscription failed and is tried again. Everything works until { $date }.
cause-balance_low = You are below { $amount } credits.
cause-credits_expiring = { $amount_n ->
    [one] { $amount } credit expires on { $date }.
   *[other] { $amount } credits expire, the first on { $date }.
  }
cause-auto_recharge_suspended = The last automatic purchases were declined, so no more are tried until someone looks at the payment method.
cause-subscription_ending = The subscription ends on { $date }. Purchased credits are locked from then on: they start nothing new, may still settle debt, and come back if the subscription does.
cause-credits_frozen = { $amount_n ->
    [one] { $amount } credit cannot be used while a dispute is open. It comes back if the dispute is won.
   *[other] { $amount } credits cannot be used while a dispute is open. They come back if the dispute is won.
  }
next-grant = The next { $amount } arrive on { $date }.

others-attention = Your organization’s balance needs attention.
others-ask = { $names } can resolve it.
others-credits_depleted = All credits are used.
others-payment_failing = A payment for the subscription failed and is tried again. Everything still works.
others-balance_low = Credits are running low.
others-credits_expiring = Some credits expire soon.
others-auto_recharge_suspended = Automatic purchases have stopped.
others-subscription_ending = The subscription is about to end.
others-credits_frozen = A payment is being looked into. Work goes on.

action-add_credits = Add credits
action-resume_subscription = Resume subscription
action-start_subscription = Start a subscription
action-update_payment_method = Update payment method
action-resolve_shortfall = Resolve shortfall
action-wait_for_grant = Wait for the next credits
action-enable_auto_recharge = Turn on auto-recharge
action-ask_billing_admin = Ask someone who can

### Badge, popover and banner

badge-credits = <b>{ $short }</b> { $amount_n ->
    [one] credit
   *[other] credits
  }
badge-usable = : { $amount } usable.
badge-open = Open credit details
badge-owed = <b>{ $short }</b> owed
badge-owed-whole = : { $amount } credits owed, { $available } usable.
badge-locked = <b>{ $short }</b> locked
badge-locked-whole = : { $amount } credits locked, nothing usable.
credit-details = Credit details
unit-owed = { $amount_n ->
    [one] credit owed
   *[other] credits owed
  }
unit-usable = { $amount_n ->
    [one] usable credit
   *[other] usable credits
  }
usable = Usable
reserved = Reserved by running work
locked = Locked
debt = Debt
debt-outstanding-usage = Debt: outstanding usage
debt-refund = Debt: refund
debt-dispute = Debt: dispute
next-refill = Next refill
next-expiry = Next expiry
amount-on = { $amount } on { $date }
why-and-what-helps = Why, and what helps

### Where something cannot be shown or done

refused-ask = You may not do this. { $names } can.
refused-not-found = It is not there, or not any more.
problem-session-title = Open this page from the product
problem-session = For your safety this page is only open for a while, and its link works once. Go back to the product and open Billing from there.
problem-not-found-title = There is nothing here
problem-not-found = This page does not exist, or not any more.
problem-away-title = Figures cannot be loaded
problem-away = Nothing is lost, and nothing was changed. Try again in a moment.
problem-refused-title = That was not done
problem-refused = { $why } Nothing was changed.

### Billing



### Usage



### History



### Settings



### Help



### Operator

