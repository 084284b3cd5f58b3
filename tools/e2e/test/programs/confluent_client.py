"""A program of its own around confluent-kafka.

Its first argument is what to do, as JSON. It prints a line of JSON for each record that was acknowledged or that came, and
{"error": ...} with librdkafka's own words where it was refused.
"""

import json
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic


def say(**line):
    print(json.dumps(line), flush=True)


def fail(error):
    say(error=error.str(), name=error.name())
    sys.exit(1)


def publish(task, config):
    """Each batch is one flush: librdkafka sends what is queued for a partition together. Values are `<client id>:<number>`."""
    producer = Producer({**config, "linger.ms": 50, **task.get("producer", {})})
    failed = []

    def delivered(error, message):
        if error is None:
            say(offset=message.offset(), partition=message.partition(), value=message.value().decode())
        else:
            failed.append(error)

    number = 0
    keys = task.get("keys")
    for size in task["batches"]:
        for _ in range(size):
            key = None if keys is None else f"k{keys[number % len(keys)]}"
            value = f"{config['client.id']}:{number}"
            producer.produce(task["topic"], value, key, partition=task.get("partition", 0), on_delivery=delivered)
            number += 1
        producer.flush(30)
        if failed:
            fail(failed[0])
        time.sleep(task.get("pause", 0))


def consume(task, config):
    """Reads partition 0 up to `until`, exclusive, from what the group has committed, or from `start`; without `until` one record of any."""
    consumer = Consumer({"group.id": task["group"], "auto.offset.reset": "earliest", **config, **task.get("consumer", {})})

    def assigned(consumer, partitions):
        if "start" in task:
            for partition in partitions:
                partition.offset = task["start"] if partition.partition == 0 else OFFSET_BEGINNING
        consumer.assign(partitions)

    consumer.subscribe([task["topic"]], on_assign=assigned)
    deadline = time.time() + 40
    last = -1
    while last + 1 < task.get("until", 1) and time.time() < deadline:
        message = consumer.poll(0.5)
        if message is None:
            continue
        if message.error() is not None:
            consumer.close()
            fail(message.error())
        say(offset=message.offset(), partition=message.partition(), value=message.value().decode())
        if "until" not in task:
            break
        if message.partition() == 0:
            last = message.offset()
    consumer.commit(asynchronous=False)
    consumer.close()


def administer(task, config):
    admin = AdminClient(config)
    say(topics=sorted(admin.list_topics(timeout=10).topics))
    say(groups=sorted(group.group_id for group in admin.list_consumer_groups().result().valid))
    for name, outcome in admin.create_topics([NewTopic(topic, 1) for topic in task["create"]]).items():
        try:
            outcome.result()
            say(created=name)
        except KafkaException as refused:
            say(refused=name, error=refused.args[0].str(), name=refused.args[0].name())


if __name__ == "__main__":
    task = json.loads(sys.argv[1])
    {"publish": publish, "consume": consume, "administer": administer}[task["action"]](task, task["config"])
