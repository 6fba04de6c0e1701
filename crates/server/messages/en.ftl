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
work-goes-on = Work can start again.
dismiss = Hide for a day
all-times = All times in UTC.
on-this-page = On this page
back-to-product = Back to the product
sign-out = Sign out
going-on-title = One moment
going-on = You are being taken to the next page.
going-on-now = Go on
try-again = Try again
look-again = Look at the page
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
  } because the payment of { $paid } was disputed on { $date } and { $used } of its credits had already been used.
cause-dispute_debt-several = { $amount } credits are owed because { $count } payments were disputed whose credits had already been used.
cause-refund_debt = { $amount_n ->
    [one] { $amount } credit is owed
   *[other] { $amount } credits are owed
  } because money of the payment of { $paid } was refunded on { $date } and { $used } of its credits had already been used.
cause-refund_debt-several = { $amount } credits are owed because of { $count } refunds of credits that had already been used.
cause-outstanding_usage = { $amount_n ->
    [one] Work that was already running used { $amount } credit more than you had.
   *[other] Work that was already running used { $amount } credits more than you had.
  }
cause-outstanding_usage-part = Work that was already running used { $used } credits more than you had; { $amount } of them are still owed.
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
others-organization_suspended = The operator of this product has paused new work here.
others-ask = { $names } can resolve it.
others-credits_depleted = All credits are used.
others-balance_low = Credits are running low.

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
problem-unknown-title = It is not known yet whether this was done
problem-unknown = The answer was lost on the way. Look at the page before you do it again.
problem-away-title = Figures cannot be loaded
problem-away = Nothing is lost, and nothing was changed. Try again in a moment.
problem-refused-title = That was not done
problem-refused = { $why } Nothing was changed.

### Billing

done-price-changed = The price or what is owed has changed since you looked. Nothing was charged: please look again.
done-change-planned = The change is planned. Until it takes effect nothing changes.
done-changed = The change is made.
done-change-waits = The change is on its way. It is made as soon as the payment provider answers.
done-change-refused = The payment provider did not accept the change, so everything stays as it was.
done-withdrawn = The planned change is withdrawn.
done-cancelled = The subscription ends with its period. Until then everything works.
done-resumed = The subscription goes on.
done-recharge-on = Auto-recharge is saved and on.
done-recharge-off = Auto-recharge is saved and off.
done-admin-added = Billing admin added.
done-admin-removed = Billing admin removed.

billing-back-done = Thank you. What you bought is here as soon as the payment is confirmed, usually within seconds; this page follows by itself.
billing-back-cancelled = You came back without paying. Nothing was charged.
billing-back = Back to Billing

billing-subscription = Subscription
billing-credits = Credits
billing-outstanding = Outstanding
billing-buy = Buy credits
billing-recharge = Auto-recharge
billing-payment = Payment method
billing-invoices = Invoices
billing-activity = Billing activity
billing-admins = Billing admins
billing-unit = { $amount_n ->
    [one] credit
   *[other] credits
  }

billing-sub-active = Active
billing-sub-trialing = Trial
billing-sub-ends = Ends { $date }
billing-sub-ended = Ended { $date }
billing-sub-over = Ended
billing-sub-failing = Payment failed
billing-sub-past-due = Payment overdue
billing-sub-paused = Paused
billing-sub-incomplete = Waiting for payment
billing-sub-none = None
billing-plan = Plan
billing-cadence = Cadence
billing-monthly = Monthly
billing-annual = Annual
billing-included-monthly = Included each month
billing-included-annual = Included each year
billing-renews = Next renewal
billing-portal = Manage in Billing Portal
billing-switch-annual = Switch to Annual
billing-cancel = Cancel subscription
billing-withdraw = Withdraw this change
billing-change-plan = Change plan
billing-see-change = See what changes
billing-terms-monthly = { $amount_n ->
    [one] { $amount } credit each month for { $money } a month
   *[other] { $amount } credits each month for { $money } a month
  }
billing-terms-annual = { $amount_n ->
    [one] { $amount } credit at the start of each year for { $money } a year
   *[other] { $amount } credits at the start of each year for { $money } a year
  }
billing-annual-saves = Annual costs { $money } a year, { $saved } less than twelve months, and brings { $amount } credits at its start.
billing-annual-costs = Annual costs { $money } a year and brings { $amount } credits at its start.
billing-annual-preserves = { $amount_n ->
    [one] Your { $amount } included credit of this month would be kept until { $date }.
   *[other] Your { $amount } included credits of this month would be kept until { $date }.
  }
billing-switch-after-refund = Plan and cadence can be changed once the refund debt is settled.
billing-switch-after-dispute = Plan and cadence can be changed once the dispute debt is settled.
billing-switch-after-payment = Plan and cadence can be changed once the open payment is made.
billing-resume-before-switch = Plan and cadence can be changed once the subscription goes on.
billing-planned-annual = From { $date } on: { $plan }, annual. Until then nothing changes.
billing-planned-monthly = From { $date } on: { $plan }, monthly. Until then nothing changes.
billing-planned-annual-now = The change to { $plan }, annual, is being made. It counts as soon as its payment is confirmed.
billing-planned-monthly-now = The change to { $plan }, monthly, is being made. It counts as soon as its payment is confirmed.
billing-ending = The subscription ends on { $date }. Until then everything works, auto-recharge too.
billing-ending-means = Included credits expire then. Purchased credits are locked: they start nothing new, may still settle debt, keep their own expiry, and come back when a subscription does.
billing-failing-until = A payment for the subscription failed and is tried again. Everything works until { $date }; a payment method that works settles it.
billing-failing-over = A payment for the subscription failed and the time to put it right is over. Purchased credits are locked until a payment method works.
billing-sub-elsewhere = The subscription is managed in the product, not on this page.
billing-none = A subscription brings included credits for each period, and lets purchased credits start work.
billing-none-note = You see what is charged once more before you pay, and can cancel at any time.
billing-start-monthly = Start monthly
billing-start-annual = Start annual
billing-start-monthly-of = Start { $plan }, monthly
billing-start-annual-of = Start { $plan }, annual
billing-other-plans = Other plans
billing-sub-ended-on = The { $plan } plan ended on { $date }.
billing-if-resumed = If you resume today
billing-resume-monthly = { $plan }, monthly: { $money } today, then every month. You can cancel at any time.
billing-resume-annual = { $plan }, annual: { $money } today, then every year. You can cancel at any time.

billing-change-title = Review the change
billing-change-now = It takes effect at once. { $money } is charged to the payment method of the subscription as soon as you confirm.
billing-change-later = It takes effect on { $date }, when { $money } is charged to the payment method of the subscription. Until then nothing changes, and you can withdraw it.
billing-change-note = Included credits of the running period stay until its end and are used first. Tax may be added by the payment provider.
billing-change-allowance = Included credits that it brings
billing-change-preserved = Included credits of this period that stay
billing-change-confirm = Change now for { $money }
billing-change-plan-it = Plan this change
billing-cancel-title = Cancel the subscription
billing-cancel-until = Everything works until { $date }
billing-cancel-works = Nothing changes before that. If nothing more were used until then, this is what would become of your credits:
billing-cancel-expires = { $amount_n ->
    [one] { $amount } included credit expires on { $date }.
   *[other] { $amount } included credits expire on { $date }.
  }
billing-cancel-locks = { $amount_n ->
    [one] { $amount } purchased credit is locked from then on.
   *[other] { $amount } purchased credits are locked from then on.
  }
billing-cancel-locked-may = Locked credits start nothing new, may still settle debt, and come back when a subscription does.
billing-cancel-locked-until = Being locked does not move their expiry: the first of them expire on { $date }.
billing-cancel-nothing-locks = There are no purchased credits that would be locked.
billing-cancel-promotional = { $amount_n ->
    [one] { $amount } promotional credit stays usable until its own expiry.
   *[other] { $amount } promotional credits stay usable until their own expiry.
  }
billing-cancel-recharge = Auto-recharge buys nothing more from then on. Its settings are kept.
billing-cancel-undo = You can resume at any time before that date.
billing-cancel-keep = Keep the subscription
billing-cancel-do = Cancel at the end of the period

billing-available = { $amount_n ->
    [one] credit available
   *[other] credits available
  }
billing-owed = { $amount_n ->
    [one] credit owed
   *[other] credits owed
  }
billing-locked = { $amount_n ->
    [one] credit locked
   *[other] credits locked
  }
billing-total = Total available
billing-included-remaining = Included credits remaining
billing-purchased-remaining = Purchased credits remaining
billing-promotional = Promotional
billing-next-refill = Next refill: { $amount } on
billing-no-refill = No refill is planned
billing-no-refill-without-subscription = No refill without a subscription
billing-nothing-apart = Nothing is reserved, locked, disputed or owed.
billing-locked-until = Locked, the first until { $date }
billing-frozen = Disputed
billing-owed-in-total = Owed in total
billing-held = { $count ->
    [one] { $amount } are reserved by one running piece of work; what it does not use comes back.
   *[other] { $amount } are reserved by { $count } running pieces of work; what they do not use comes back.
  }
billing-held-plain = { $amount } are reserved by running work; what it does not use comes back.
billing-locked-means = <b class="ink">What locked means.</b> Locked credits start no new work. They would still settle debt. They come back with a subscription, and being locked does not move their expiry.
billing-frozen-means = <b class="ink">What disputed means.</b> Credits of a disputed payment are out of reach until the dispute is closed. If it is won they come back, with the time that it took added to their expiry.
billing-grants = Grants, in the order they are used
billing-grants-earlier = Earlier grants
billing-grants-more = { $count ->
    [one] One more is on the Usage page.
   *[other] { $count } more are on the Usage page.
  }
billing-grant-order = Order
billing-grant-source = Source
billing-grant-left = Left
billing-grant-valid = Valid through
billing-grant-state = State
billing-grant-place = { $place ->
    [1] 1st
    [2] 2nd
    [3] 3rd
    [21] 21st
    [22] 22nd
    [23] 23rd
   *[other] { $place }th
  }
billing-grant-waits = waits
billing-grant-of = of { $amount }
billing-grant-for-ever = No expiry
billing-grant-held = { $amount } reserved
billing-grant-frozen = { $amount } disputed
billing-grant-settled = { $amount } settled debt
billing-kind-included = Included
billing-kind-promotional = Promotional
billing-kind-purchased = Purchased
billing-source-plan = { $plan } plan, { $date }
billing-source-subscription = Subscription, { $date }
billing-source-pack = Bought { $date }
billing-source-pack-for = Bought for { $money }, { $date }
billing-source-recharge = Auto-recharge, { $date }
billing-source-restitution = Given back, { $date }
billing-source-operator = From support, { $date }
billing-state-usable = Usable
billing-state-reserved = Reserved
billing-state-locked = Locked
billing-state-disputed = Disputed
billing-state-expired = Expired
billing-state-from = From { $date }
billing-first-title = No credits yet
billing-first-what = One credit is the unit that every piece of AI work is measured in: a chat message takes few, a long run takes many.
billing-first-zero = At zero, new work waits. Work that is already running finishes, and everything you made stays readable.
billing-first-next = Start with a subscription
billing-how = How credits work
billing-how-what = One credit is the unit that every piece of AI work is measured in. Before work starts, credits are reserved for it; when it ends, what it did not use comes back. At zero, new work waits; work that is already running finishes, and everything you made stays readable.
billing-how-order = Included credits are used first and end with their month. Promotional credits follow, then purchased ones, which live { $count } months.
billing-how-order-annual = Included credits are used first and end with their year. Promotional credits follow, then purchased ones, which live { $count } months.

billing-paused-since = Paused since
billing-debts-order = Credits settle debt in this order, from the top, before any of them can be used.
billing-debt-amount = Amount
billing-debt-settled = Settled so far
billing-debt-clears = Clears it
billing-debt-next = Next:
billing-debt-run = Outstanding usage, { $date }. It was already running and used { $used } credits: { $amount } more than you had.
billing-debt-run-of = Outstanding usage, { $date }. Started by { $name }. It was already running and used { $used } credits: { $amount } more than you had.
billing-debt-refund-of = Refund of { $money }
billing-debt-refund = Refund debt, { $date }. Part of the { $paid } paid on { $bought_on } for { $credits } credits ({ $payment }). The refund took { $recovered } credits back, of which { $amount } had been used already.
billing-debt-dispute-of = Dispute over { $money }
billing-debt-dispute-open = Dispute debt, { $date }. It is about the { $paid } paid on { $bought_on } for { $credits } credits ({ $payment }). It took { $recovered } credits back, of which { $amount } had been used already. If the dispute is won, nothing of this is owed any more.
billing-debt-dispute = Dispute debt, { $date }. The dispute over the { $paid } paid on { $bought_on } for { $credits } credits ({ $payment }) was lost. It took { $recovered } credits back, of which { $amount } had been used already.
billing-debt-taken-back = { $date }. The money went back, and { $amount } of its credits had been used already.
billing-debt-was-settled = Credits have settled { $amount } of it.
billing-debt-was-repaid = A payment has repaid { $amount } of it.
billing-debt-was-offset = { $amount } of it were dropped.
billing-debt-next-any = the included credits of { $date }, or any purchase.
billing-debt-next-credits = any credits that arrive.
billing-debt-next-purchased = any purchase. Only purchased credits settle this; included ones do not.
billing-wait = If you wait: on { $date }, { $amount } credits arrive. { $taken } of them settle everything, { $left } are left, and work may start again.
billing-wait-partly = If you wait: on { $date }, { $amount } credits arrive. { $taken } of them settle part of the debt and { $left } are left. Work stays paused, because { $open } remain owed.
billing-wait-in-vain = Waiting does not help: the { $amount } credits of { $date } cannot settle this, so work stays paused while { $open } remain owed.
billing-clears = { $amount_n ->
    [one] { $amount } credit clears everything.
   *[other] { $amount } credits clear everything.
  }
billing-clears-exactly = { $left_n ->
    [0] Paid exactly, that is { $money } and leaves nothing to use.
   *[other] Paid exactly, that is { $money } and leaves { $left }, because no smaller amount can be charged.
  }
billing-clears-pack = A pack that is large enough does.
billing-see-packs = See the packs
billing-sold-elsewhere = Credits and payments are handled in the product, not on this page.

billing-buy-would-lock = Credits bought now would be locked as well. Start or resume a subscription first; packs are offered here right after.
billing-buy-would-lock-overdue = Credits bought now would be locked as well, until the payment for the subscription is made. Packs are offered here right after.
billing-buy-nothing = No packs are on sale at the moment.
billing-buy-promise = Credits from a pack are usable as soon as the payment is confirmed and stay valid for { $count } months.
billing-buy-promise-debt = Every pack settles what is owed first, { $amount } in all; the rest is usable as soon as the payment is confirmed and stays valid for { $count } months.
billing-buy-promise-locked = Every pack settles what is owed first, { $amount } in all. Without a subscription the rest is locked until there is one; it stays valid for { $count } months.
billing-choose-pack = Choose a pack
billing-review = Review purchase
billing-review-note = The charge and what it brings are shown once more before you pay.
billing-unblocks-cheapest = Cheapest that unblocks
billing-split = { $settles } settle debt, { $usable } usable
billing-split-settles = All { $settles } settle debt
billing-split-usable = All usable. Total available { $available }
billing-split-locked = All { $locked } locked until there is a subscription
billing-split-debt-locked = { $settles } settle debt, { $locked } locked until there is a subscription
billing-review-title = Review purchase
billing-review-then = Payment is made on the provider’s page, where tax may be added. You come back here afterwards.
billing-review-valid = Purchased credits stay valid for { $count } months from the payment.
billing-review-unblocks = With it, work may start again.
billing-review-stays-blocked = Work stays paused after it.
billing-pay = Continue to payment
billing-what-pack = { $amount_n ->
    [one] { $amount } credit
   *[other] { $amount } credits
  }
billing-what-plan-monthly = { $plan }, monthly
billing-what-plan-annual = { $plan }, annual
billing-plan-monthly-terms = { $money } today and then every month, until you cancel. Included credits end with their month.
billing-plan-annual-terms = { $money } today and then every year, until you cancel. Included credits of all twelve months arrive at once and end with the year.
billing-line-credits = Credits
billing-line-settles = Settle debt
billing-line-usable = Usable at once
billing-line-locked = Locked until there is a subscription
billing-line-available = Total available then
billing-line-debt = Owed then
billing-line-included = Included
billing-line-unlocked = Purchased, unlocked
billing-line-already = Available already
billing-line-debt-takes = Debt takes

billing-recharge-on = On
billing-recharge-off = Off
billing-recharge-suspended = Stopped
billing-recharge-enable = Enable auto-recharge
billing-recharge-below = When balance drops below
billing-recharge-amount = Buy
billing-recharge-limit = Monthly limit
billing-recharge-credits = { $amount } credits
billing-recharge-credits-for = { $amount } credits, { $money }
billing-recharge-save = Save changes
billing-recharge-note = Packs that you buy yourself do not count towards the limit. Turning it off takes effect at once.
billing-recharge-says = While this is on, the saved payment method is charged { $money } for { $amount } credits each time your balance drops below { $threshold }: { $count ->
    [one] at most once, { $most_money }, in a calendar month.
   *[other] at most { $count } times, { $most_money }, in a calendar month.
  }
billing-recharge-says-without-price = While this is on, { $amount } credits are bought each time your balance drops below { $threshold }: { $count ->
    [one] at most once, { $most } credits, in a calendar month.
   *[other] at most { $count } times, { $most } credits, in a calendar month.
  }
billing-recharge-confirm-title = Review auto-recharge
billing-recharge-confirm = Save and turn on
billing-recharge-buys-at-once = { $amount_n ->
    [one] Your balance is below that now, so the first { $amount } credit is bought as soon as you save.
   *[other] Your balance is below that now, so the first { $amount } credits are bought as soon as you save.
  }
billing-recharge-says-at-once = If the balance is below that already, the first purchase is made when you save.
billing-recharge-waits-refund = It buys nothing while refund debt is open, and goes on once that is settled.
billing-recharge-waits-dispute = It buys nothing while dispute debt is open, and goes on once that is settled.
billing-recharge-needs-method = Auto-recharge needs a saved payment method that can be charged without you. Add one first.
billing-recharge-needs-subscription = Auto-recharge needs an active subscription.
billing-recharge-kept = Auto-recharge needs an active subscription. Your settings are kept: { $amount } credits when the balance drops below { $threshold }, at most { $limit } a month.
billing-recharge-wrong-step = { $step } to { $most } credits, in steps of { $step }.
billing-recharge-wrong-limit = The monthly limit is at least one purchase.
billing-recharge-stopped = { $count ->
    [one] The last purchase was declined, so no more are tried.
   *[other] The last { $count } purchases were declined, so no more are tried.
  }
billing-recharge-lifts = A new payment method starts it again, and so does resuming it here. Your settings are kept.
billing-recharge-resume = Resume auto-recharge
billing-recharge-bought = Bought this month
billing-recharge-bought-of = { $amount } of { $limit } credits
billing-recharge-last = Last result
billing-recharge-declined = Declined on { $date }
billing-recharge-paid = Bought { $amount } for { $money } on { $date }
billing-recharge-never = None yet
billing-recharge-next = Next possible purchase
billing-recharge-in-flight = { $amount } are being bought now
billing-recharge-next-off = When it is turned on
billing-recharge-next-suspended = When it is resumed
billing-recharge-next-dispute = When the dispute is closed
billing-recharge-next-payment = When the open payment for the subscription is made
billing-recharge-next-month = On { $date }: the limit of this month is reached
billing-recharge-next-retry = On { $date }, after the last decline
billing-recharge-next-below = As soon as the balance drops below { $threshold }

billing-method-saved = Payment method saved
billing-method-saved-note = It can be charged for renewals and auto-recharge. Its details are kept by the payment provider alone.
billing-method-none = No reusable payment method
billing-method-none-note = Packs can be bought without one. Auto-recharge needs one.
billing-method-elsewhere = Payment methods are managed in the product, not on this page.
billing-invoices-all = All invoices
billing-invoices-newest = Newest first
billing-invoices-none = No invoices yet.
billing-invoices-elsewhere = Invoices are in the product, where payments are made.
billing-invoices-away = Invoices cannot be loaded right now. Nothing else on this page depends on them.
billing-invoice-date = Date
billing-invoice-for = For
billing-invoice-state = State
billing-invoice-amount = Amount
billing-invoice-document = Document
billing-invoice-pdf = PDF
billing-invoice-pdf-of = Invoice { $number }, PDF
billing-invoice-view = View
billing-invoice-view-of = View invoice { $number }
billing-invoice-draft = Draft
billing-invoice-open = To be paid
billing-invoice-paid = Paid
billing-invoice-void = Void
billing-invoice-uncollectible = Written off
billing-older = Older
billing-newest = Newest
billing-activity-all = All activity
billing-activity-newest = Newest first

billing-owner-controls = Owner controls
billing-admins-what = Billing admins see everything on this page and can act on it. Only the owner adds or removes them.
billing-you = you
billing-is-owner = Owner
billing-is-admin = Billing admin, { $role }
billing-remove = Remove
billing-remove-named = Remove { $name } from billing admins
billing-add = Add
billing-teammate = Select a teammate
billing-teammate-choose = Choose a member
billing-nobody-to-add = Everybody here has billing access already.

billing-others-see = Grants, payments, invoices, debt and locked credits are shown to the owner and the billing admins. The owner can make you a billing admin.
billing-see-usage = Current-period usage
billing-since = Since
billing-paused = What is paused
billing-paused-short = Paused
billing-open-short = Stays open
billing-open-running = Work that is already running
billing-open-history = History and results
billing-tasks-paused = { $count ->
    [one] One scheduled task was refused and stays paused until someone resumes it.
   *[other] { $count } scheduled tasks were refused and stay paused until someone resumes them.
  }
billing-who-resolves = Who can resolve it
billing-who-manages = Who manages billing
billing-nobody-to-ask = Nobody has billing access yet. The product’s support can help.
billing-viewer = Viewers start no work. The people above know what to do.
billing-message-label = A message for them, ready to send
billing-message = Hi { $names }, new AI work in { $organization } is paused: our credit balance needs attention. Could you resolve it on the Billing page? Thank you, { $me }
billing-message-since = Hi { $names }, new AI work in { $organization } has been paused since { $date }: our credit balance needs attention. Could you resolve it on the Billing page? Thank you, { $me }
billing-message-subject = Credits of { $organization } need attention
billing-message-copy = Copy message
billing-message-copied = Copied
billing-message-mail = Send by email

billing-work = { $kind } “{ $name }”
billing-work-of-no-kind = Work “{ $name }”
billing-amount = { $amount_n ->
    [one] { $amount } credit
   *[other] { $amount } credits
  }
billing-figure-locked = locked { $amount }
billing-figure-reserved = reserved { $amount }
billing-figure-refused = refused
billing-figure-owed = owed { $amount }
billing-figure-settled = settled { $amount }
billing-figure-repaid = repaid { $amount }
billing-figure-dropped = dropped { $amount }
billing-figure-disputed = disputed { $amount }

billing-why-organization_suspended = the operator paused new work
billing-why-dispute_debt = a dispute took back credits that had been used
billing-why-refund_debt = a refund took back credits that had been used
billing-why-outstanding_usage = earlier work used more credits than there were
billing-why-payment_past_due = a payment for the subscription failed
billing-why-credits_locked = purchased credits are locked
billing-why-subscription_required = there is no subscription
billing-why-credits_depleted = all credits are used
billing-why-insufficient_credits = there were fewer credits than it needs
billing-why-task_paused = its task waits for someone to resume it
billing-why-payment_failing = a payment for the subscription failed
billing-why-balance_low = credits are low
billing-why-credits_expiring = credits expire soon
billing-why-auto_recharge_suspended = auto-recharge has stopped
billing-why-subscription_ending = the subscription ends
billing-why-credits_frozen = a payment is disputed

billing-event-by-product = The product
billing-event-by-itself = Coulomb
billing-event-monthly = monthly
billing-event-annual = annual
billing-event-money = Money
billing-event-the-payment = the payment of { $money } on { $date }
billing-event-a-payment = the payment { $payment }
billing-event-organization_named = { $who } named the organization { $name }.
billing-event-member_set = { $who } set up { $name } as { $role }.
billing-event-member_set-billing = { $who } set up { $name } as { $role } and billing admin.
billing-event-member_removed = { $who } removed { $name }.
billing-event-ownership_transferred = { $who } made { $name } the owner.
billing-event-organization_suspended = The operator paused new work: { $reason }
billing-event-suspension_lifted = The operator let new work start again.
billing-event-test_clock_set = The test clock was set to { $date }.
billing-event-unchanged = { $who } asked for something that was so already.
billing-event-subscription_reported = The subscription is active: { $plan }, { $cadence }, paid until { $date }.
billing-event-subscription_reported-trial = The subscription is on trial: { $plan }, until { $date }.
billing-event-subscription_reported-ending = The end of the subscription to { $plan } is planned for { $date }.
billing-event-subscription_reported-past_due = A payment for the subscription to { $plan } failed.
billing-event-subscription_reported-unpaid = The subscription to { $plan } stayed unpaid.
billing-event-subscription_reported-paused = The subscription to { $plan } was paused.
billing-event-subscription_reported-incomplete = The subscription to { $plan } waits for its first payment.
billing-event-subscription_reported-canceled = The subscription to { $plan } ended.
billing-event-subscription_reported-none = There is no subscription any more.
billing-event-entitlement_began = Purchased credits may start work.
billing-event-entitlement_began-unlocked = Purchased credits may start work again: { billing-amount } unlocked.
billing-event-entitlement_ended = Purchased credits may not start work any more.
billing-event-entitlement_ended-locked = The subscription ended and locked { billing-amount }.
billing-event-change_planned = { $who } asked for { $plan }, { $cadence }, from { $date } on.
billing-event-change_withdrawn = The planned change of the subscription was withdrawn.
billing-event-change_completed = The planned change of the subscription took effect.
billing-event-payment_recorded-top_up = A purchase of { billing-amount } was paid.
billing-event-payment_recorded-renewal = The subscription was paid for its period.
billing-event-payment_recorded-upgrade = The upgrade was paid.
billing-event-payment_recorded-recharge = Auto-recharge bought { billing-amount }.
billing-event-payment_recorded-repayment = A payment towards what is owed was made.
billing-event-granted-subscription = The included credits arrived. They are valid until { $date }.
billing-event-granted-purchased = Purchased credits arrived. They are valid until { $date }.
billing-event-granted-restitution = What had settled a debt came back, because it is not owed any more. It is valid until { $date }.
billing-event-granted-operator = Support gave promotional credits. They are valid until { $date }.
billing-event-granted-operator-reason = Support gave promotional credits: { $reason }
billing-event-granted-operator-reason-until = Support gave promotional credits, valid until { $date }: { $reason }
billing-event-granted-for-ever = { billing-amount } arrived, without an expiry.
billing-event-grant_became_effective = Credits that were waiting for their date can be used.
billing-event-grant_expired = { billing-amount } expired unused.
billing-event-grant_expired-used = A grant ended with nothing left of it.
billing-event-grant_extended = Credits stay valid until { $date }: the time of the dispute was added.
billing-event-run_started = { $work } was started: { billing-amount } reserved.
billing-event-run_started-by = { $work } was started by { $who }: { billing-amount } reserved.
billing-event-start_refused = { $work } could not start: { $why }.
billing-event-usage_recorded = { $work } used { $used } on its way.
billing-event-usage_recorded-back = { $work } used { $used } on its way.
billing-event-usage_recorded-owed = { $work } used { $used } on its way, { $amount } more than you had.
billing-event-run_settled = { $work } ended and used { $used }.
billing-event-run_settled-back = { $work } ended and used { $used }. { $amount } that were reserved came back.
billing-event-run_settled-owed = { $work } ended and used { $used }, { $amount } more than you had.
billing-event-usage_charged = { $work } used { $used }.
billing-event-usage_charged-back = { $work } used { $used }.
billing-event-usage_charged-owed = { $work } used { $used }, { $amount } more than you had.
billing-event-run_released = { $work } was closed. { $amount } that were reserved came back.
billing-event-run_lapsed = { $work } did not end in time. { $amount } that were reserved came back.
billing-event-debt-of-run = the outstanding usage of { $work }
billing-event-debt-of-refund = the refund debt
billing-event-debt-of-dispute = the dispute debt
billing-event-debt-of-something = a debt
billing-event-debt_opened = A refund took back { billing-amount } that had been used already.
billing-event-debt_opened-dispute = A dispute took back { billing-amount } that had been used already.
billing-event-debt_settled = { billing-amount } settled { $debt }.
billing-event-debt_repaid = A payment of { billing-amount } repaid { $debt }.
billing-event-debt_offset-write_off = Support dropped { billing-amount } of { $debt }.
billing-event-debt_offset-dispute_won = The dispute was won: { billing-amount } of { $debt } are not owed any more.
billing-event-debt_offset-refund_failed = The refund did not arrive: { billing-amount } of { $debt } are not owed any more.
billing-event-debt_offset-reassigned = { billing-amount } of { $debt } are owed for another refund or dispute of the same payment now.
billing-event-refund_recorded = { $money } of { $payment } was refunded.
billing-event-refund_failed = A refund did not arrive and was taken back.
billing-event-dispute_opened = { $money } of { $payment } is disputed.
billing-event-dispute_closed-won = A dispute was won.
billing-event-dispute_closed-lost = A dispute was lost.
billing-event-recovery_assessed = Refunds and disputes of { $payment } take back { billing-amount } in all.
billing-event-credits_revoked = A refund or a lost dispute took back { billing-amount }.
billing-event-credits_frozen = { billing-amount } cannot be used while the dispute is open.
billing-event-credits_restored = { billing-amount } can be used again.
billing-event-payment_method_set = A payment method was saved.
billing-event-payment_method_set-removed = There is no reusable payment method any more.
billing-event-auto_recharge_set = { $who } turned auto-recharge on: { billing-amount } whenever the balance drops below { $threshold }, at most { $limit } a month.
billing-event-auto_recharge_set-off = { $who } turned auto-recharge off.
billing-event-recharge_requested = The balance dropped below the threshold: auto-recharge is buying { billing-amount }.
billing-event-recharge_declined = Auto-recharge was declined and waits until { $date }. { $reason }
billing-event-recharge_declined-suspended = Auto-recharge was declined again and has stopped. { $reason }
billing-event-task_paused = The task “{ $task }” was refused and waits for someone to resume it.
billing-event-task_resumed = { $who } resumed the task “{ $task }”.
billing-event-task_needs_attention = { $count ->
    [one] The task “{ $task }” failed and needs attention.
   *[other] The task “{ $task }” failed { $count } times in a row and needs attention.
  }
billing-event-task_set = { $count ->
    [one] { $who } chose that the task “{ $task }” needs attention after one failure.
   *[other] { $who } chose that the task “{ $task }” needs attention after { $count } failures in a row.
  }
billing-event-balance_blocked = New work paused: { $why }.
billing-event-balance_unblocked = New work may start again.
billing-event-balance_low = The balance dropped to { $amount }, below { $threshold }.
billing-event-balance_recovered = The balance is no longer low: { billing-amount } can be used.

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
    [one] The pace of the last day is { $amount } credits a day.
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

settings-members = Members
settings-people = { $count ->
    [one] { $count } person
   *[other] { $count } people
  }
settings-person = Person
settings-role = Role
settings-billing-access = Billing access
settings-you = you
settings-manage = Manage
settings-manage-name = Manage { $name }
settings-access-owner = Yes, as owner
settings-access-admin = Billing admin
settings-access-none = No
settings-pages = Pages of the list
settings-page = Page { $page } of { $pages }
settings-page-before = Page before
settings-page-after = Next page
settings-who-manages = { $names } can add people, change them and remove them.
settings-who-owns = Only { $names }, as owner, can add and remove billing admins.
settings-back = All settings
settings-cancel = Cancel
settings-save = Save changes
settings-choose = Choose a member

settings-add = Add a member
settings-add-says = Everybody here draws from the same credits. A new member sees the balance and the usage of the current period; what is billed is shown to the owner and the billing admins.
settings-name = Name
settings-email = E-mail address
settings-email-says = Optional. Where notices about credits go, for people with billing access.
settings-id = Id in your product
settings-id-says = The id that your product knows this person by. It cannot be changed later.
settings-roles-say = Admins manage people. Members start work. Viewers look and start nothing.
settings-add-do = Add member

settings-details = Details
settings-owner-role = An organization always has one owner. Transferring ownership is in the settings.
settings-has-owner = { $name } is the owner, and so sees billing and acts on it.
settings-has-admin = { $name } is a billing admin: sees everything on Billing and can act on it.
settings-has-none = { $name } sees the balance and this period’s usage, and nothing of what is billed.
settings-remove-title = Remove { $name }
settings-remove-says = Whoever is removed sees nothing of this organization any more. Their work stays in its history, and what is running goes on.
settings-remove = Remove from the organization
settings-remove-sure = { $name } can be added again later, by the same id.
settings-remove-do = Remove { $name }
settings-remove-only-owner = Only { $names }, as owner, can remove a billing admin.

settings-admins = Billing admins
settings-owner-controls = Owner controls
settings-admins-say = Billing admins see everything on Billing and can act on it, whatever their role. Being an admin gives no access to billing.
settings-admins-all = Everybody here sees billing already. Add a member first, to make them a billing admin.
settings-admin-role = { $role }, billing admin
settings-select = Select a teammate
settings-admin-add = Add
settings-admin-make = Make billing admin
settings-admin-unmake = Remove billing access
settings-admin-make-name = Make billing admin: { $name }
settings-admin-remove = Remove
settings-admin-remove-name = Remove billing access of { $name }

settings-owner = Ownership
settings-owner-says = The owner sees billing, acts on it, and decides who else does. You can make another member the owner; you stay as an admin.
settings-owner-is = { $name } owns this organization: sees billing, acts on it, and decides who else does.
settings-owner-only = Only { $name } can make somebody else the owner.
settings-owner-alone = There is nobody else here yet. Add the new owner as a member first.
settings-owner-select = New owner
settings-owner-go-on = Review transfer
settings-owner-title = Transfer ownership
settings-owner-whom = Choose the new owner
settings-owner-confirm = Make { $name } the owner?
settings-owner-gains = <b>{ $name }</b> becomes the owner, sees billing, and decides who is a billing admin.
settings-owner-loses = <b>You</b> become an admin. You manage members and no longer see billing, unless the new owner makes you a billing admin.
settings-owner-stays = <b>You</b> become an admin. You stay a billing admin, until the new owner changes that.
settings-owner-back = Only { $name } can give ownership back.
settings-owner-do = Make { $name } the owner

settings-notices = E-mail notices
settings-notices-legend = What you are mailed about
settings-notices-to = To { $email }
settings-notices-nowhere = There is no e-mail address of yours here, so nothing is sent. { $names } can add it.
settings-notices-others = Mail about credits goes to people with billing access: { $names }. You see the state of the balance on every page here.
settings-notice-low = Credits are low
settings-notice-low-says = Usable credits fall below the amount that counts as low.
settings-notice-blocked = New work is paused
settings-notice-blocked-says = Nothing starts any more, with the reason and what helps.
settings-notice-unblocked = Work can start again
settings-notice-unblocked-says = Whatever paused new work is resolved.
settings-notice-expiring = Credits expire soon
settings-notice-expiring-says = Purchased or promotional credits that nobody used are about to expire.
settings-notice-recharge = An automatic purchase failed
settings-notice-recharge-says = The payment method was declined, and it will be tried again.
settings-notice-stopped = Auto-recharge has stopped
settings-notice-stopped-says = It was declined too often, and waits for somebody to look.
settings-notice-dispute = A payment is disputed
settings-notice-dispute-says = Its credits cannot be used while that is open.
settings-notice-closed = A dispute has ended
settings-notice-closed-says = How it ended, and what became of the credits.

settings-low = Low balance
settings-low-not = Not low
settings-low-says = { $amount_n ->
    [one] Credits count as low when fewer than { $amount } is usable.
   *[other] Credits count as low when fewer than { $amount } are usable.
  }
settings-low-told = { $names } can be mailed when that happens.
settings-low-below = Low below
settings-low-change = Where auto-recharge has settings, the amount below which it buys is also the amount that counts as low.
settings-low-recharge = Auto-recharge settings

settings-wrong-id = An id is 1 to 128 letters without accents, digits, or the signs . _ : and -.
settings-wrong-known = Somebody with this id is a member already: { $name }.
settings-wrong-name = A name has 1 to 200 characters.
settings-wrong-email = This is not an e-mail address. Leave it empty if there is none.
settings-wrong-role = Choose admin, member or viewer. There is exactly one owner; ownership is transferred further down.
settings-wrong-owner = The owner cannot be removed. Transfer ownership first.
settings-wrong-heir = The new owner has to be another member of this organization.
settings-wrong-stranger = Only members can be billing admins. Add this person as a member first.
settings-wrong-limit = There are as many members here as there can be. Remove people who have left, then add this one.

done-settings-added = The member is added.
done-settings-changed = The member is changed.
done-settings-removed = The member is removed.
done-settings-admin-added = The billing admin is added.
done-settings-admin-removed = The billing admin is removed. They stay a member.
done-settings-transferred = Ownership is transferred.
done-settings-notices = Your choices are saved.

### Help

help-articles = All articles
help-all = All articles
help-related = Related articles
help-checked = Checked against the rules on
help-answer = Was this article helpful?
help-answer-yes = Yes
help-answer-no = No
help-answer-words = What helped, or what is missing (optional)
help-answer-who = Your answer goes to whoever runs this service. You can change it.
help-answer-yes-given = You said that it helped.
help-answer-no-given = You said that it did not help.
done-help-answer = Thank you. Your answer is saved.
help-hours = { $hours ->
    [one] { $hours } hour
   *[other] { $hours } hours
  }
help-then = { $before }, then { $after }
help-kind-included = included
help-kind-promotional = promotional
help-kind-purchased = purchased
help-included = Included
help-promotional = Promotional
help-purchased = Purchased
help-disputed = Disputed

help-own = Your organization now
help-own-ask = { $names } can resolve it.
help-own-well = Nothing pauses new work here now.
help-own-nothing-owed = Nothing is owed here now, and nothing is locked.
help-see-outstanding = What is owed, one by one
help-see-recharge = Auto-recharge settings
help-see-subscription = Subscription
help-recharge-off = Auto-recharge is off.
help-recharge-on = Auto-recharge is on: it buys { $amount } credits when the balance drops below { $threshold }.
help-recharge-stopped = Auto-recharge is on, and has stopped after payments were declined.
help-recharge-month = Bought this month
help-recharge-of = { $bought } of at most { $limit }
help-subscription-ends = The subscription ends on { $date }.
help-subscription-runs = The subscription runs, and its period ends on { $date }.
help-subscription-there = The subscription runs.
help-subscription-none = There is no subscription that is in effect.
help-go-outstanding = See what is owed
help-go-payment = Payment method
help-go-invoices = Invoices
help-go-buy = See the packs
help-go-recharge = Auto-recharge settings
help-go-subscription = Subscription

help-debt-title = Why your balance shows outstanding debt or is locked
help-debt-about = What it means that credits are owed or locked, and what clears it.
help-debt-intro = When credits are owed, or when the credits you have are locked, new AI work is paused. It is paused so that an open bill does not grow. The credit badge says so at the top of every page, with the reason behind it; Billing and Usage say it too, and so does the message that appears where work was refused.
help-debt-why = Why credits can be owed
help-debt-why-says = Credits are paid for in advance, so normally nothing can be owed. There are three exceptions:
help-debt-why-usage = <b>Outstanding usage.</b> Work that had been let in used more credits than there were. It is not cut off in the middle; what was missing is owed.
help-debt-why-refund = <b>A refund.</b> Money for a purchase went back to you. Its credits go back as well: first those that nobody used. Those that had been used are owed.
help-debt-why-dispute = <b>A dispute.</b> Somebody asked their bank to take a payment back. While that is open, the unused credits of that payment cannot be used, and those that had been used are owed.
help-debt-blocks = While anything at all is owed, nothing new starts, even if other credits are there.
help-debt-clears = What clears it
help-debt-settled = <b>Credits settle it.</b> Whatever arrives goes to open debt first, by itself: a pack, a refill, credits that running work gives back. Only what remains can be used.
help-debt-repaid = <b>A payment repays it.</b> You can pay exactly what is owed, even without a subscription. Whatever a payment brings beyond the debt becomes purchased credits.
help-debt-offset = <b>It turns out not to be owed.</b> When a dispute is won or a refund fails, its debt is taken off, and what had been paid towards it comes back as credits. The operator can also give a debt up.
help-debt-order = Outstanding usage is settled first, then refunds, then disputes, and of each the oldest first. Not all credits settle everything:
help-debt-by-usage = Outstanding usage is settled by { $settle_usage } credits.
help-debt-by-refund = Debt from a refund is settled by { $settle_refund } credits.
help-debt-by-dispute = Debt from a dispute is settled by { $settle_dispute } credits.
help-debt-by-own = Credits that are left of a payment always settle the debt that the same payment gave rise to.
help-debt-locked = What locked credits mean
help-debt-locked-what = When a subscription ends, purchased credits are locked. They are still yours, and they still expire on their date, but they start no new work. They may still settle debt.
help-debt-locked-back = If the subscription returns before they expire, open debt is settled first, and the rest can be used again.
help-debt-can = What the owner and billing admins can do
help-debt-can-says = Open Billing from the message or from the credit badge. It shows the state of the subscription, the payment method, the packs, the invoices, and under <b>Outstanding</b> each debt with its cause. Which step helps depends on the state:
help-debt-can-add = <b>Add credits.</b> Any pack settles what is owed first; the split is shown before you pay.
help-debt-can-resume = <b>Resume or start a subscription</b>, where credits are locked or none are left.
help-debt-can-card = <b>Update the payment method</b>, where a payment of the subscription failed.
help-debt-can-resolve = <b>Resolve the shortfall</b> of a refund or a dispute by paying exactly what is owed.
help-debt-can-wait = <b>Wait.</b> The credits of the next period settle outstanding usage before they can be used. Billing shows when, and what would be left.
help-debt-others = What everybody else can do
help-debt-others-say = Without billing access you do not see amounts that are owed or locked. Ask the owner or a billing admin: messages about a pause name them. Until it is resolved, chats, tool runs, browser sessions, scheduled runs and other AI work may not start.
help-debt-open = What stays open
help-debt-open-says = Only new AI work is paused. Work that is running goes on. History, results, usage and settings stay readable, and so does Billing for those who have access to it.

help-buying-credits-title = Buying credits
help-buying-credits-about = How the owner and billing admins buy credits, and when these can be used.
help-buying-intro = Besides the credits that a subscription includes, the owner and the billing admins can buy packs. A pack is paid once; nothing renews.
help-buying-how = How to buy
help-buying-choose = On Billing, choose a pack under <b>Buy credits</b>. None is chosen for you.
help-buying-review = Look at the split: how many of the credits settle debt, and how many you can use.
help-buying-pay = Pay on the payment provider’s page. You come back to where you were.
help-buying-when = When the credits arrive
help-buying-when-says = As soon as the payment provider confirms the payment, not when your browser returns. That is usually a matter of seconds; some ways to pay take longer. Open pages change by themselves.
help-buying-debt = If credits are owed, the purchase settles that first. What remains is usable.
help-buying-subscription = Purchased credits start work only while a subscription is in effect. Without one they are locked, and wait for it.
help-buying-long = How long they stay
help-buying-long-says = { $months ->
    [one] Purchased credits expire one calendar month after they were bought. Being locked does not stop that clock. They are used last, after included and promotional credits.
   *[other] Purchased credits expire { $months } calendar months after they were bought. Being locked does not stop that clock. They are used last, after included and promotional credits.
  }
help-buying-refund = If a purchase is refunded
help-buying-refund-says = A refund takes back credits in proportion to the money: those that were not used, and those that had expired unused. Those that had been used are owed, and new work is paused until that is settled.

help-running-out-title = Running out of credits
help-running-out-about = What pauses when no credits are left, what goes on, and how work starts again.
help-out-intro = When no credits can be used, new AI work waits. Nothing is charged later for it: credits are paid in advance.
help-out-pauses = What pauses
help-out-starts = New chats, tool and workflow runs, browser sessions and background work are refused, with the reason.
help-out-tasks = A scheduled task that is refused for lack of credits is paused. It stays so until somebody resumes it, and runs that were missed are not made up for.
help-out-few = A start can be refused although some credits are left: when it would set aside more than there are.
help-out-goes-on = What goes on
help-out-running = Work that is already running goes on to its end with the credits it set aside. If it needs more, it takes what is free; if that is not enough, the rest is owed.
help-out-reading = Everything stays readable: history, results, usage and settings.
help-out-again = How work starts again
help-out-add = The owner or a billing admin buys a pack.
help-out-recharge = They turn on auto-recharge, which buys before credits run out.
help-out-wait = The next period of the subscription brings its credits. Usage says when.
help-out-resume = Somebody resumes the paused tasks, one by one.
help-out-before = Before it comes to that
help-out-before-says = Credits count as low below the threshold of auto-recharge, where one is set, and else below { $low }. The badge says so, and the owner and the billing admins can be mailed once each time the balance falls below it.

help-invoices-title = Invoices and payment methods
help-invoices-about = Where the owner and billing admins find invoices, and how a payment method is changed.
help-invoices-intro = Invoices and payment methods are kept by the payment provider and shown on Billing to the owner and the billing admins. Nobody else sees them.
help-invoices-find = Invoices
help-invoices-find-says = Under <b>Invoices</b>, Billing lists what was paid and when: periods of the subscription, packs, and automatic purchases, each with its document.
help-invoices-card = Payment method
help-invoices-card-says = <b>Manage in Billing Portal</b> opens the payment provider’s page, where payment methods are added and removed, and leads back.
help-invoices-card-recharge = A new payment method also lets auto-recharge try again at once, where declined payments had made it wait or stop.
help-invoices-failed = If a payment of the subscription fails
help-invoices-failed-says = { $grace ->
    [one] Everything goes on for one day while the payment is tried again. After that the subscription is not in effect: purchased credits are locked and included ones end. A payment method that works puts it right.
   *[other] Everything goes on for { $grace } days while the payment is tried again. After that the subscription is not in effect: purchased credits are locked and included ones end. A payment method that works puts it right.
  }
help-invoices-refund = Refunds
help-invoices-refund-says = A refund appears beside its payment. It takes back credits in proportion; those that had been used are owed.

help-auto-recharge-title = Auto-recharge
help-auto-recharge-about = When credits are bought automatically, what limits that, and what happens when a payment is declined.
help-recharge-intro = Auto-recharge buys a set amount of credits whenever the usable credits, less what is owed, fall below a threshold. It looks after every change, and when work is refused for lack of credits. It makes one purchase at a time and always buys the whole amount. Only the owner and the billing admins see and change it.
help-recharge-settings = Settings
help-recharge-threshold = <b>When balance drops below:</b> { $step } to { $threshold_max } credits, in steps of { $step }. { $threshold } unless you choose otherwise.
help-recharge-amount = <b>Amount:</b> { $step } to { $amount_max } credits, in steps of { $step }. { $amount } unless you choose otherwise.
help-recharge-limit = <b>Monthly limit:</b> at least one amount; { $limit } credits unless you choose otherwise. It counts automatic purchases of the calendar month in UTC, also one that is under way. Packs that people buy do not count, and a refund gives no room back.
help-recharge-needs = What it needs
help-recharge-needs-subscription = A subscription that is active or in its trial.
help-recharge-needs-card = A saved payment method that can be charged again.
help-recharge-needs-debt = No open debt from a refund or a dispute, and no open dispute.
help-recharge-needs-suspension = An organization that the operator has not suspended.
help-recharge-needs-room = Room for the whole amount under the monthly limit.
help-recharge-declined = If a payment is declined
help-recharge-declined-says = { $declines ->
    [one] After one decline it stops. Its settings are kept.
   *[other] It waits before it tries again: { $waits }. After { $declines } declines in a row it stops. Its settings are kept.
  }
help-recharge-again = A new payment method, or turning auto-recharge on again, ends the wait and lets it go on. The credits arrive when the payment is confirmed, as with every purchase.

help-cancelling-title = Cancelling the subscription
help-cancelling-about = What works until the end, what is locked then, and how to come back.
help-cancelling-intro = A subscription that is cancelled runs to the date that Billing shows, and ends then.
help-cancelling-until = Until that date
help-cancelling-until-says = Nothing changes. Work starts, included and purchased credits are used as before, and auto-recharge goes on if it is on; turn it off if you do not want that. You can take the cancellation back. Changes of plan or between monthly and annual are not possible meanwhile.
help-cancelling-then = On that date
help-cancelling-included = <b>Included credits</b> expire, if their period has not ended before.
help-cancelling-purchased = { $months ->
    [one] <b>Purchased credits</b> are locked. They start no new work, may still settle debt, and expire one month after they were bought, as they would have.
   *[other] <b>Purchased credits</b> are locked. They start no new work, may still settle debt, and expire { $months } months after they were bought, as they would have.
  }
help-cancelling-promotional = <b>Promotional credits</b> stay usable until their own date.
help-cancelling-debt = What is owed stays owed, and can be paid without a subscription.
help-cancelling-back = Coming back
help-cancelling-back-says = Start a subscription again before your purchased credits expire, and they are unlocked. Open debt is settled first.

help-how-credits-work-title = How credits work
help-how-credits-work-about = The kinds of credits, the order they are used in, reservations, and when credits expire.
help-how-intro = A credit is the unit in which AI work is measured. Everybody in the organization draws from the same credits.
help-how-kinds = Kinds of credits
help-how-included = <b>Included</b> credits come with each paid period of the subscription and end with it. Nothing rolls over. An annual period brings twelve months’ credits at its start.
help-how-promotional = <b>Promotional</b> credits are given: a trial, a gesture. They end on their own date, if they have one, and need no subscription.
help-how-purchased = { $months ->
    [one] <b>Purchased</b> credits live one calendar month and need a subscription that is in effect; without one they are locked.
   *[other] <b>Purchased</b> credits live { $months } calendar months and need a subscription that is in effect; without one they are locked.
  }
help-how-order = The order of use
help-how-order-says = Included credits are used first, then promotional ones, then purchased ones, unless the operator gave some credits a place of their own. Of each kind those that expire soonest go first. Billing shows each lot with its place.
help-how-reserved = Reservations
help-how-reserved-says = Before work starts, it sets credits aside, so that two starts never count on the same ones. When it ends, it is charged for what it used, and the rest comes back. If it used more than it set aside, it takes free credits; what is missing even then is owed.
help-how-reserved-end = A reservation ends after { $hold } unless the work asked for another time. Credits that were set aside stay with that work, also if they would expire or be locked meanwhile.
help-how-expiry = Expiry
help-how-expiry-says = When credits expire, what nobody used is gone. “Until 1 May” means: no longer from that instant on. The badge says a few days before that purchased or promotional credits are about to expire.
help-how-figures = Figures
help-how-figures-say = Credits are counted to the millionth. Pages show whole credits: those you can use rounded down, those you owe rounded up.

### Operator

operator-title = Operator
operator-organizations = Organizations
operator-answers = Help answers
operator-key = Admin key
operator-key-read = Read-only key
operator-read-only = This key only reads. Sign in with an admin key to change something.
operator-enter = Sign in
operator-enter-key = API key
operator-enter-says = An admin key, or a read key to look only. It is not kept: you stay signed in for twelve hours, or until the key is revoked.
operator-enter-do = Sign in
operator-wrong-malformed = This is not a key, or it was not copied whole.
operator-wrong-unknown = This key is not known, or it was revoked.
operator-wrong-runtime = This key only meters work. Sign in with an admin key or a read key.
operator-wrong-often = Too many keys were tried in the last minute. Wait a minute, then try again.

operator-search = Id or name
operator-search-do = Search
operator-state = State
operator-owes = Owes credits
operator-filter-all = Every state
operator-filter-ready = Ready
operator-filter-paused = Paused, for any reason
operator-filter-warned = Warned, for any reason
operator-state-suspended = Suspended
operator-state-dispute = Dispute debt
operator-state-refund = Refund debt
operator-state-usage = Outstanding usage
operator-state-past-due = Payment failed
operator-state-locked = Credits locked
operator-state-no-subscription = No subscription
operator-state-depleted = Credits used up
operator-state-insufficient = Too few credits
operator-state-task = Task paused
operator-state-failing = Payment failing
operator-state-low = Low
operator-state-expiring = Expires soon
operator-state-recharge = Auto-recharge stopped
operator-state-ending = Subscription ends
operator-state-frozen = Disputed
operator-organization = Organization
operator-owed = Owed
operator-none = No organization found
operator-none-says = Try another name or state.
operator-none-yet = None among those looked through so far.
operator-more = Go on
operator-more-after = Looked through up to { $id }.

operator-balance = Balance
operator-reserved = Reserved
operator-version = { $version ->
    [one] After { $version } entry in the ledger.
   *[other] After { $version } entries in the ledger.
  }
operator-test-clock = On a test clock, at { $at }.
operator-debts = Debts
operator-debts-none = Nothing was ever owed here.
operator-debt = Debt
operator-debt-origin = From
operator-since = Since
operator-amount = Amount
operator-open = Still owed
operator-do = Action
operator-grants = Grants
operator-grants-none = No credits were ever granted here.
operator-grant = Grant
operator-grant-pending = Not yet
operator-grant-expired = Expired
operator-until = Until
operator-left = Left
operator-never = no end
operator-newest = The newest { $count }
operator-payments = Payments
operator-payments-none = Nothing was ever paid here.
operator-payment = Payment
operator-on = On
operator-credits = Credits
operator-paid = Paid
operator-became = Since then
operator-for-pack = Pack
operator-for-renewal = Subscription
operator-for-upgrade = Upgrade
operator-for-recharge = Auto-recharge
operator-for-repayment = Repayment
operator-refunded = { $amount } refunded
operator-subscription = Subscription
operator-subscription-none = There is none, and none was reported.
operator-sub-incomplete = First payment open
operator-sub-trialing = Trial
operator-sub-active = Active
operator-sub-past-due = Past due
operator-sub-unpaid = Unpaid
operator-sub-paused = Paused
operator-sub-canceled = Ended
operator-monthly = monthly
operator-annual = annual
operator-plan = Plan
operator-cadence = Cadence
operator-period-ends = Period ends
operator-ends = Ends
operator-entitled = In effect
operator-yes = yes
operator-no = no
operator-members-none = There is nobody here yet.

operator-events = Ledger
operator-events-all = The whole ledger
operator-events-none = Nothing has happened yet.
operator-events-count = { $count ->
    [one] { $count } entry in all.
   *[other] { $count } entries in all.
  }
operator-events-newer = Newer
operator-events-older = Older
operator-number = No.
operator-when = When
operator-what = What
operator-by = By
operator-by-itself = by itself

operator-reason = Reason
operator-review = Review
operator-grant-title = Give credits
operator-grant-says = Promotional credits start work without a subscription and settle outstanding usage. They never settle refund or dispute debt unless the settings say so.
operator-grant-expires = Expire on
operator-grant-expires-says = At 00:00 UTC of that day. Empty: never.
operator-grant-do = Give credits
operator-suspension = Suspension
operator-suspended-since = Suspended since { $date }. Nothing starts; everything else goes on.
operator-suspend-says = Nothing new starts until it is lifted. Running work, payments and reading go on.
operator-suspend-reason-says = Its members are shown this.
operator-suspend-do = Suspend
operator-lift-do = Lift the suspension
operator-write-off = Write off
operator-write-off-title = Write off a debt
operator-write-off-says = What is written off is not owed any more, and nothing comes back for it. The reason is kept in the ledger, with your key.
operator-write-off-amount = Credits to write off
operator-write-off-all = all that is owed
operator-write-off-whole = { $amount_n ->
    [one] Empty: all of it, { $amount } credit.
   *[other] Empty: all of it, { $amount } credits.
  }
operator-sure = What would change
operator-sure-write-off = Write off debt of { $name }?
operator-sure-grant = Give credits to { $name }?
operator-sure-suspend = Suspend { $name }?
operator-sure-lift = Lift the suspension of { $name }?
operator-sure-says = It is kept in the ledger in the name of the key { $key }.
operator-from-to = { $before } → { $after }
operator-starts = New work starts after it
operator-wrong-amount = Write the credits in digits, more than 0, such as 1500 or 1500.5.
operator-wrong-reason = Say why. The reason is kept in the ledger.
operator-wrong-debt = Choose the debt on the organization’s page.
operator-wrong-day = Choose a day that the calendar has.
done-operator-write-off = The debt is written off.
done-operator-grant = The credits are given.
done-operator-suspend = The organization is suspended.
done-operator-lift = The suspension is lifted.

operator-answers-counts = By article
operator-answers-words = In readers’ words
operator-answers-none = Nobody has left words yet.
operator-answers-newest = Of the newest { $count } answers.
operator-article = Article
