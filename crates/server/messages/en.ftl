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

usage-remaining = Credits remaining
usage-buy = Buy credits
usage-unit-credits = { $amount_n ->
    [one] credit
   *[other] credits
  }
usage-period-name = Period
usage-period = { $from } to { $to }
usage-included = Included
usage-promotional = Promotional
usage-purchased = Purchased
usage-total = Total available
usage-reserved-beside = Reserved, not in the total

usage-included-title = Included credits
usage-included-meter = Included credits used
usage-included-none = No included credits run at present. They come with a subscription, at the beginning of each period.
usage-included-says = { $used } of { $amount } credits used, { $reserved } reserved, { $left } left
usage-included-sum = Included in this period
usage-used = Used
usage-used-or-gone = Used or no longer there
usage-settled-or-back = Settled debt or taken back
usage-reserved = Reserved
usage-left = Left
usage-valid-through = Valid through
usage-days-left = { $days ->
    [one] { $days } day left
   *[other] { $days } days left
  }
usage-percent = { $percent }%
usage-percent-used = used

usage-current = Current-period usage
usage-current-empty = Nothing has been used in this period
usage-current-empty-teach = Work uses credits as it runs. What it used appears here, by kind of work, and each piece of it in History.
usage-source = Source
usage-bar = Bar
usage-credits = Credits
usage-share = Share
usage-count = Count
usage-counted = { $count } { $unit }
usage-sum = Total
usage-refused = { $count ->
    [one] { $count } start was refused in this period. It was not charged.
   *[other] { $count } starts were refused in this period. They were not charged.
  }
usage-refused-which = Refused starts
usage-allowance = Background AI allowance
usage-allowance-says = { $kind } used { $used } of { $amount } free credits in this period. They are counted above and cost nothing; beyond them it is charged like other work.
usage-allowance-meter = { $used } of { $amount } free credits used

usage-burndown = Burn-down
usage-export = Export CSV
usage-burndown-empty = The chart begins with the first credits
usage-burndown-empty-teach = It shows what you have day by day: refills and purchases as steps, work as a slope, and how far it will last.
usage-cut = This shows the time since { $date }. So much happened before that it is only in the export.
usage-forecast-none = There is no forecast yet: it takes a day of usage.
usage-forecast-pace = { $days ->
    [one] In the last day { $amount } credits were used.
   *[other] The pace of the last { $days } days is { $amount } credits a day.
  }
usage-forecast-empty = Nothing is available at present.
usage-forecast-refill-first = At this pace credits last until the next refill on { $refill }.
usage-forecast-until-refill = At this pace credits last until about { $until }; the next refill is on { $refill }.
usage-forecast-until = At this pace credits last until about { $until }.
usage-forecast-long = At this pace credits last for more than a year.
usage-forecast-busier = If days get busier, they may run out about { $from }, before the refill.
usage-forecast-range = If days get busier or quieter, between { $from } and { $to }.
usage-forecast-recharge = Auto-recharge buys { $amount } credits when fewer than { $threshold } are left; the forecast leaves that out.
usage-forecast-runway = { $days ->
    [one] At the pace of the last day this lasts until about { $until }.
   *[other] At the pace of the last { $days } days this lasts until about { $until }.
  }
usage-forecast-runway-refill = { $days ->
    [one] At the pace of the last day this lasts until the next refill on { $refill }.
   *[other] At the pace of the last { $days } days this lasts until the next refill on { $refill }.
  }
usage-chart-now = Now
usage-chart-debt = Debt
usage-chart-low = Low below { $amount }
usage-chart-recharge = Auto-recharge below { $amount }
usage-key-had = Credits you have
usage-key-reserved = Reserved, at its highest
usage-key-debt = Debt
usage-key-paused = Paused
usage-key-forecast = Forecast, { $low } to { $high } a day, without buying
usage-mark-refill = Refill of { $amount } included.
usage-mark-bought = Bought { $amount }.
usage-mark-recharge = Auto-recharge of { $amount }.
usage-mark-restitution = { $amount } given back after a refund or dispute was reversed.
usage-mark-promotional = { $amount } promotional.
usage-mark-expired = { $amount } expired unused.
usage-mark-taken-back = { $amount } taken back with a refund or dispute.
usage-mark-disputed = { $amount } set apart by a dispute.
usage-mark-restored = { $amount } free again after a refund or dispute was reversed.
usage-mark-locked = { $amount } purchased locked.
usage-mark-unlocked = { $amount } purchased unlocked.
usage-mark-owed-usage = Work used { $amount } more than there was.
usage-mark-owed-refund = { $amount } owed after a refund.
usage-mark-owed-dispute = { $amount } owed after a dispute.
usage-mark-settled = { $amount } settled debt.
usage-mark-cleared = { $amount } of debt repaid or adjusted.
usage-mark-paused = New work was paused.
usage-mark-resumed = Work could start again.
usage-mark-more = { $count ->
    [one] And { $count } more.
   *[other] And { $count } more.
  }
usage-mark-next = Next refill of { $amount }; what is left of the included credits of this period expires.
usage-table = The same numbers as a table
usage-table-label = Burn-down, day by day
usage-table-sum = Each row adds up: the day before, plus added, minus used, minus other (expired, locked, taken back, or settled debt); figures are rounded down, and exact underneath. { $before } credits were there before { $from }. Of the { $end } at the end, { $reserved } are reserved and { $available } available.
usage-day-day = Day
usage-day-added = Added
usage-day-used = Used
usage-day-other = Other
usage-day-end = At day’s end
usage-day-peak = Reserved, peak
usage-day-debt = Debt
usage-day-what = What happened
usage-pauses = Pauses
usage-pause-before = Before this chart begins
usage-pause-goes-on = goes on
usage-paused-organization_suspended = Paused by the operator
usage-paused-dispute_debt = Debt after a dispute
usage-paused-refund_debt = Debt after a refund
usage-paused-outstanding_usage = Work used more than there was
usage-paused-payment_past_due = A payment for the subscription failed
usage-paused-credits_locked = Credits were locked
usage-paused-subscription_required = No subscription
usage-paused-credits_depleted = All credits were used
usage-paused-insufficient_credits = Too few credits
usage-paused-task_paused = A task was paused

usage-history = Historical usage
usage-history-label = Entries of historical usage
usage-history-empty = Nothing here
usage-history-empty-teach = Each charge appears here with what was available after it. Choose another month, source or member to see more.
usage-history-cut = What lies further back is in the export.
usage-month = Period
usage-month-any = All
usage-month-of = { $month } { $year }
usage-source-any = All sources
usage-member = Member
usage-member-any = Everyone
usage-show = Show
usage-older = Older
usage-time = Time
usage-available-after = Available after
usage-linked-debt = Linked debt
usage-owed = { $amount } owed
usage-owed-settled = settled { $date }
usage-entries = { $count ->
    [one] { $count } entry
   *[other] { $count } entries
  }

usage-grants = Credit grants
usage-grants-label = All credit grants
usage-grants-empty = No credits have been granted yet
usage-grants-empty-teach = Every refill and every purchase brings a grant: so many credits that are spent in order, soonest to expire first.
usage-grants-sum = Each row adds up: amount = used + settled debt + expired, disputed or taken back + reserved + left.
usage-grant-grant = Grant
usage-grant-amount = Amount
usage-grant-used = Used
usage-grant-settled = Settled debt
usage-grant-gone = Expired or taken back
usage-grant-reserved = Reserved
usage-grant-left = Left
usage-grant-pending = from { $date }
usage-grant-locked = locked
usage-grant-until = until { $date }
usage-from-subscription = Included
usage-from-top-up = Bought
usage-from-auto-recharge = Auto-recharge
usage-from-restitution = Given back
usage-from-operator = Promotional

### History

history-runs = Run history
history-show = Which runs to show
history-only-all = All
history-only-running = Running
history-only-settled = Done
history-only-released = Closed early
history-only-lapsed = Timed out
history-only-refused = Refused
history-run = Run
history-state = State
history-reserved = Reserved
history-used = Used
history-not-yet = not yet
history-older = Older
history-task = task { $task }
history-from = From: { $names }.
history-overrun = { $amount } beyond what was reserved.
history-owed = { $amount } of it became debt.
history-nothing-charged = Nothing was charged.
history-refused-count = { $count ->
    [one] { $count } start was refused lately. The first of each pause is listed.
   *[other] { $count } starts were refused lately. The first of each pause is listed.
  }
history-empty = No work yet
history-empty-teach = Each chat message, tool run or workflow sets credits aside when it starts and is charged for what it used. All of them will be listed here.
history-empty-filter = None of these
history-empty-filter-teach = There are no runs in this state. Choose All to see the others.
history-state-running = Running
history-state-done = Done
history-state-failed = Failed
history-state-canceled = Stopped
history-state-released = Closed early
history-state-lapsed = Timed out
history-state-refused = Refused
history-why-attention = Refused: the organization’s balance needed attention.
history-why-organization_suspended = Refused: work was paused by the operator.
history-why-dispute_debt = Refused: credits were owed after a dispute.
history-why-refund_debt = Refused: credits were owed after a refund.
history-why-outstanding_usage = Refused: earlier work had used more credits than there were.
history-why-payment_past_due = Refused: a payment for the subscription had failed.
history-why-credits_locked = Refused: credits were locked.
history-why-subscription_required = Refused: there was no subscription.
history-why-credits_depleted = Refused: all credits were used.
history-why-insufficient_credits = Refused: fewer credits were left than it sets aside.
history-why-task_paused = Refused: its task was paused.

run-back = All runs
run-credits = Credits
run-used = { $amount_n ->
    [one] credit used
   *[other] credits used
  }
run-reserved = Reserved at the start
run-still-reserved = Still reserved
run-returned = Returned
run-overrun = Beyond what was reserved
run-absorbed = Not charged
run-allowance = Free
run-started = Started
run-closed = Closed
run-lapses = Reserved until
run-member = Started by
run-task = Task
run-id = Number
run-lapsed-says = Nobody said how this run ended while its credits were reserved, so they were returned. What it really used may still be charged.
run-paid = Paid from
run-paid-nothing = Nothing has been charged.
run-paid-owed = Nothing was left for this: owed
run-paid-nobody = Free or not charged
run-paid-sum = Used
run-grants = Credit grants
run-debt = Debt of this run
run-debt-open = Owed
run-debt-closed = Settled
run-debt-says = { $amount_n ->
    [one] This run used { $amount } credit more than there was.
   *[other] This run used { $amount } credits more than there were.
  }
run-debt-amount = Owed at first
run-debt-cleared = Settled since
run-debt-left = Still owed
run-debt-settled = Settled with credits
run-debt-repaid = Repaid
run-debt-written-off = Written off
run-debt-adjusted = Adjusted
run-debt-blocks = New AI work is paused until this is settled.
run-debt-resolve = Resolve shortfall
run-records = Recorded on the way
run-records-count = { $count ->
    [one] { $count } record
   *[other] { $count } records
  }
run-records-more = The newest { $count } are shown; the export has all of them.

### Settings



### Help



### Operator

