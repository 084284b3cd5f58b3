#!/usr/bin/env bash
# Makes the example topics, at the broker itself and with the credential of the gateway.
set -euo pipefail
login=$(mktemp)
trap 'rm -f "$login"' EXIT
cat > "$login" <<END
security.protocol=SASL_PLAINTEXT
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="weir-gateway" password="$BROKER_PASSWORD";
END
for topic in payments.orders payments.cards public.clicks; do
  /opt/kafka/bin/kafka-topics.sh --bootstrap-server kafka:9092 --command-config "$login" \
    --create --if-not-exists --topic "$topic" --partitions 3
done
