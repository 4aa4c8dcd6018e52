"""What Prefect does by itself when a run ends badly. Made by name, as often as one likes.

They are a courtesy beside the nets that need no Prefect: a session flattens by itself, its
supervisor for one that died, the watchdog when both are gone.
"""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from prefect import get_client
from prefect.automations import AutomationCore
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import EventTrigger, Posture

from deployments.make import TAG
from pxcore.cli.orchestrator import HEARTBEAT_EVERY_S
from pxcore.config.accounts import NamedAccount

RUNNING = "prefect.flow-run.Running"
HEARTBEAT = "prefect.flow-run.heartbeat"
_BAD_ENDS = ("Crashed", "Failed", "TimedOut", "Cancelled")
_ENDS = (*_BAD_ENDS, "Completed", "Skipped", "Halted", "Flattened", "Left")
_ZOMBIE_AFTER = timedelta(seconds=3 * HEARTBEAT_EVERY_S)
_A_DAY = timedelta(hours=24)
_PREFIX = "px: "


def _events(names: tuple[str, ...]) -> set[str]:
    """Of states of these names, and of ours that begin so: `*` is one character at least."""
    return {f"prefect.flow-run.{name}{more}" for name in names for more in ("", "*")}


def automations(
    accounts: tuple[NamedAccount, ...], ids: Mapping[str, UUID]
) -> list[AutomationCore]:
    """`ids` are the deployments' by name."""
    made = [_zombies()]
    for account in accounts:
        made.append(_flatten_after(account, ids[f"trading-day{account.suffix}"], ids["flatten"]))
        made.append(_late(account, ids[f"trading-day{account.suffix}"], ids["preflight"]))
    return made


def _zombies() -> AutomationCore:
    """A run of ours whose heartbeats stop, without an end, is Crashed."""
    return AutomationCore(
        name=f"{_PREFIX}a run without heartbeats is Crashed",
        trigger=EventTrigger(
            after={HEARTBEAT},
            expect={HEARTBEAT, *_events(_ENDS)},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={
                "prefect.resource.id": f"prefect.tag.{TAG}",
                "prefect.resource.role": "tag",
            },
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_ZOMBIE_AFTER,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED, message=f"no heartbeat for {_ZOMBIE_AFTER.seconds} s"
            ),
        ],
    )


def _flatten_after(account: NamedAccount, session: UUID, flatten: UUID) -> AutomationCore:
    """Only a run that was running before: one that was never begun has left nothing. A session
    that lives, perhaps another run's, is spared.
    """
    return AutomationCore(
        name=f"{_PREFIX}flatten after a bad end of trading-day{account.suffix}",
        trigger=EventTrigger(
            after={RUNNING},
            expect=_events(_BAD_ENDS),
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={
                "prefect.resource.id": f"prefect.deployment.{session}",
                "prefect.resource.role": "deployment",
            },
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
            within=_A_DAY,  # from Running on; it fires with the first of them
        ),
        actions=[
            RunDeployment(
                source="selected",
                deployment_id=flatten,
                parameters={
                    "order": {
                        "account": account.id if account.label else None,
                        "reason": "a trading day ended badly",
                        "session": "spared",
                    }
                },
            )
        ],
    )


def _late(account: NamedAccount, session: UUID, preflight: UUID) -> AutomationCore:
    """A trading day that does not start in time: the list is gone through, and what fails, or
    that it is late, is alerted from there.
    """
    return AutomationCore(
        name=f"{_PREFIX}trading-day{account.suffix} is late",
        trigger=EventTrigger(
            expect={"prefect.flow-run.Late"},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={
                "prefect.resource.id": f"prefect.deployment.{session}",
                "prefect.resource.role": "deployment",
            },
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[
            RunDeployment(
                source="selected",
                deployment_id=preflight,
                parameters={"because": {"late": f"trading-day{account.suffix}"}},
            )
        ],
    )


def put_in_place(wanted: list[AutomationCore]) -> None:
    """Each of them once, as it is wanted; those of ours that are not wanted any more go."""
    with get_client(sync_client=True) as client:
        there = [one for one in client.read_automations() if one.name.startswith(_PREFIX)]
        for one in wanted:
            same = [old.id for old in there if old.name == one.name]
            if same:
                client.update_automation(same[0], one)
                there = [old for old in there if old.id != same[0]]
            else:
                client.create_automation(one)
        for old in there:
            client.delete_automation(old.id)
