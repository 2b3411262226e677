"""The hub is killed while people talk."""

import asyncio

from tests.server.cluster.faults import Exam


def test_nothing_that_was_seen_is_lost_or_doubled_when_the_hub_is_killed(tmp_path):
    async def run():
        exam = Exam(tmp_path, writers=1, kinds=("hub",))
        try:
            return await exam.run(faults=1, seconds=1)
        finally:
            await exam.close()

    assert asyncio.run(run())
