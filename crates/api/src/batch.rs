//! Many commands in one request, of any organizations, each standing for itself.

use crate::{
    Amount, Id, Interval,
    balance::Balance,
    problem::{Problem, StartProblem},
    run::{Metadata, Outcome, Run},
};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::value::RawValue;

/// A batch. Its commands are read one by one, so that a malformed one fails alone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch<'a> {
    /// Up to [`Batch::COMMANDS_MAX`] of [`BatchCommand`], as they came.
    #[serde(borrow)]
    pub commands: Vec<&'a RawValue>,
}

impl Batch<'_> {
    /// The most commands of one batch.
    pub const COMMANDS_MAX: usize = 1_000;
}

/// A batch, as the document shows it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Batch))]
#[serde(deny_unknown_fields)]
pub struct BatchDocument<'a> {
    /// Up to 1,000 commands, carried out in order.
    #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
    pub commands: Vec<BatchCommand<'a>>,
}

/// One command of a batch.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum BatchCommand<'a> {
    /// Starts a run.
    Start {
        /// Whose.
        organization: Id<'a>,
        /// The host's id of the run.
        id: Id<'a>,
        /// The kind of work.
        kind: Id<'a>,
        /// How many credits to hold.
        hold: Option<Amount>,
        /// The scheduled task it belongs to.
        task: Option<Id<'a>>,
        /// Who starts it.
        member: Option<Id<'a>>,
        /// How long to hold.
        hold_lifetime: Option<Interval>,
        /// What the host wants to find again.
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
        metadata: Option<Metadata>,
    },
    /// Adds to what a run has used.
    Usage {
        /// Whose.
        organization: Id<'a>,
        /// Which run.
        run: Id<'a>,
        /// The host's id of this record.
        id: Id<'a>,
        /// How many credits.
        amount: Amount,
    },
    /// States a run's total and closes it.
    Settle {
        /// Whose.
        organization: Id<'a>,
        /// Which run.
        run: Id<'a>,
        /// The total.
        used: Amount,
        /// How the work ended.
        outcome: Option<Outcome>,
    },
    /// Closes a run with what it has recorded.
    Release {
        /// Whose.
        organization: Id<'a>,
        /// Which run.
        run: Id<'a>,
    },
    /// Records work that needed no start.
    Charge {
        /// Whose.
        organization: Id<'a>,
        /// The host's id.
        id: Id<'a>,
        /// The kind of work.
        kind: Id<'a>,
        /// How many credits it used.
        used: Amount,
        /// For whom.
        member: Option<Id<'a>>,
        /// What the host wants to find again.
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
        metadata: Option<Metadata>,
    },
}

/// Every field that a command may have. Read in one pass and sorted out by `op` afterwards: serde's own tagged enums
/// copy the whole command first, which costs more than deciding it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<'a> {
    op: Op,
    #[serde(borrow)]
    organization: Id<'a>,
    #[serde(default, borrow)]
    id: Option<Id<'a>>,
    #[serde(default, borrow)]
    run: Option<Id<'a>>,
    #[serde(default, borrow)]
    kind: Option<Id<'a>>,
    #[serde(default)]
    hold: Option<Amount>,
    #[serde(default, borrow)]
    task: Option<Id<'a>>,
    #[serde(default, borrow)]
    member: Option<Id<'a>>,
    #[serde(default)]
    hold_lifetime: Option<Interval>,
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    amount: Option<Amount>,
    #[serde(default)]
    used: Option<Amount>,
    #[serde(default)]
    outcome: Option<Outcome>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Op {
    Start,
    Usage,
    Settle,
    Release,
    Charge,
}

impl<'de: 'a, 'a> Deserialize<'de> for BatchCommand<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<BatchCommand<'a>, D::Error> {
        let all = Fields::deserialize(from)?;
        let strangers: &[(&str, bool)] = &[
            ("id", all.id.is_some()),
            ("run", all.run.is_some()),
            ("kind", all.kind.is_some()),
            ("hold", all.hold.is_some()),
            ("task", all.task.is_some()),
            ("member", all.member.is_some()),
            ("hold_lifetime", all.hold_lifetime.is_some()),
            ("metadata", all.metadata.is_some()),
            ("amount", all.amount.is_some()),
            ("used", all.used.is_some()),
            ("outcome", all.outcome.is_some()),
        ];
        let known: &[&str] = match all.op {
            Op::Start => &["id", "kind", "hold", "task", "member", "hold_lifetime", "metadata"],
            Op::Usage => &["run", "id", "amount"],
            Op::Settle => &["run", "used", "outcome"],
            Op::Release => &["run"],
            Op::Charge => &["id", "kind", "used", "member", "metadata"],
        };
        if let Some((stranger, _)) =
            strangers.iter().find(|(name, present)| *present && !known.contains(name))
        {
            return Err(de::Error::custom(format_args!("this command has no field `{stranger}`")));
        }
        let id = |id: Option<Id<'a>>, name| id.ok_or_else(|| de::Error::missing_field(name));
        let amount = |amount: Option<Amount>, name| amount.ok_or_else(|| de::Error::missing_field(name));
        let organization = all.organization;
        Ok(match all.op {
            Op::Start => BatchCommand::Start {
                organization,
                id: id(all.id, "id")?,
                kind: id(all.kind, "kind")?,
                hold: all.hold,
                task: all.task,
                member: all.member,
                hold_lifetime: all.hold_lifetime,
                metadata: all.metadata,
            },
            Op::Usage => BatchCommand::Usage {
                organization,
                run: id(all.run, "run")?,
                id: id(all.id, "id")?,
                amount: amount(all.amount, "amount")?,
            },
            Op::Settle => BatchCommand::Settle {
                organization,
                run: id(all.run, "run")?,
                used: amount(all.used, "used")?,
                outcome: all.outcome,
            },
            Op::Release => BatchCommand::Release { organization, run: id(all.run, "run")? },
            Op::Charge => BatchCommand::Charge {
                organization,
                id: id(all.id, "id")?,
                kind: id(all.kind, "kind")?,
                used: amount(all.used, "used")?,
                member: all.member,
                metadata: all.metadata,
            },
        })
    }
}

/// The answer to one command of a batch that was carried out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchDone<'a> {
    /// The status it would have had alone: 200 or 201.
    pub status: u16,
    /// Whether it came before, and this is the first answer again.
    pub replayed: bool,
    /// The run.
    pub run: Run<'a>,
    /// The balance right after it.
    pub balance: Balance<'a>,
}

/// One answer of a batch: what was done, or a problem.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum BatchItem<'a> {
    /// Carried out.
    Done(Box<BatchDone<'a>>),
    /// A refused start.
    Refused(Box<StartProblem<'a>>),
    /// Not carried out for another reason.
    Failed(Box<Problem<'a>>),
}

/// The answers of a batch, one for each command, in order.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchAnswer<'a> {
    /// The answers.
    pub results: Vec<BatchItem<'a>>,
}
