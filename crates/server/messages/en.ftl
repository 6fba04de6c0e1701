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
