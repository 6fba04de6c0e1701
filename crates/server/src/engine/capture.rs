//! What an answer shows: the object a command was about, and the balance, captured right after the decision and before
//! the next command on the same account.

use ledger::{
    Account, Policy, Timestamp,
    command::Command,
    debt::Debt,
    event::{Actor, Event, Recorded},
    grant::Grant,
    id::{MemberId, TaskId},
    payment::Payment,
    people::Member,
    run::Run,
    status::Balance,
    task::Task,
};

/// What a command was about.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// Nothing but the account.
    Account,
    /// A run or charge.
    Run(Box<Run>),
    /// A payment, and the grant it funds.
    Payment(Box<Payment>, Option<Box<Grant>>),
    /// A promotional grant.
    Grant(Box<Grant>),
    /// A debt.
    Debt(Box<Debt>),
    /// A task.
    Task(TaskId, Task),
    /// A member.
    Member(MemberId, Member),
}

/// The object and the balance, as they were right after the command.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// What the command was about.
    pub object: Object,
    /// The account's name.
    pub name: String,
    /// The balance, for whoever asked.
    pub balance: Balance,
}

/// What to show right after this command. `events` are those of its decision.
pub(super) fn capture(
    account: &Account,
    policy: &Policy,
    now: Timestamp,
    by: &Actor,
    command: &Command,
    events: &[Recorded],
) -> Shown {
    Shown {
        object: object(account, command, events).unwrap_or(Object::Account),
        name: account.core().name.clone(),
        balance: account.balance(policy, now, by),
    }
}

fn object(account: &Account, command: &Command, events: &[Recorded]) -> Option<Object> {
    let payment = |payment: &Payment| {
        let grant = payment.grant.as_ref().and_then(|grant| account.grant(grant)).cloned().map(Box::new);
        Object::Payment(Box::new(payment.clone()), grant)
    };
    match command {
        Command::Start { run, .. }
        | Command::RecordUsage { run, .. }
        | Command::Settle { run, .. }
        | Command::Release { run }
        | Command::Charge { run, .. } => account.run(run).cloned().map(|run| Object::Run(Box::new(run))),
        Command::RecordPayment { payment: id, .. }
        | Command::RecordRefund { payment: id, .. }
        | Command::OpenDispute { payment: id, .. } => account.payment(id).map(payment),
        Command::FailRefund { refund } => {
            account.refund(refund).and_then(|known| account.payment(&known.payment)).map(payment)
        }
        Command::CloseDispute { dispute, .. } => {
            account.dispute(dispute).and_then(|known| account.payment(&known.payment)).map(payment)
        }
        Command::GrantPromotional { grant, .. } => {
            let made = events.iter().find_map(|recorded| match &recorded.event {
                Event::Granted { grant, payment: None, restores: None, .. } => Some(grant),
                _ => None,
            });
            account.grant(grant.as_ref().or(made)?).cloned().map(|grant| Object::Grant(Box::new(grant)))
        }
        Command::WriteOff { debt, .. } => {
            account.debt(debt).cloned().map(|debt| Object::Debt(Box::new(debt)))
        }
        Command::ResumeTask { task } | Command::SetTask { task, .. } => {
            account.core().tasks.get(task).cloned().map(|known| Object::Task(task.clone(), known))
        }
        Command::SetMember { member, .. } => {
            account.core().members.get(member).cloned().map(|known| Object::Member(member.clone(), known))
        }
        _ => None,
    }
}
