#!/bin/sh
# Sets up an app with an agent, a scope and a key, uploads a document with that key, and asks the agent about it.
#
#   sh examples/quick-start.sh [file] [question]
#
# LATCHKEY_URL  where the server is (http://127.0.0.1:4000)
# ADMIN_KEY     the administrator's key (the content of data/admin.key)
# KEY_FILE      where to write the new key; without it, the key is printed
set -eu

url=${LATCHKEY_URL:-http://127.0.0.1:4000}/graphql
admin="authorization: Bearer ${ADMIN_KEY:-$(cat data/admin.key)}"

# send CREDENTIAL QUERY INPUT: prints the answer.
send() {
  curl -sS "$url" -H "$1" -H 'content-type: application/json' -d "{\"query\": \"$2\", \"variables\": {\"input\": $3}}"
}

# pick NAME: prints the value of NAME in the answer on standard input. Prints the answer and fails if it has none.
pick() {
  answer=$(cat)
  value=$(printf '%s' "$answer" | grep -o "\"$1\":\"[^\"]*" | head -n 1 | cut -d '"' -f 4)
  if [ -z "$value" ]; then
    printf '%s\n' "$answer" >&2
    return 1
  fi
  printf '%s\n' "$value"
}

file=${1:-}
question=${2:-What colour is the barn?}
if [ -z "$file" ]; then
  file=$(mktemp -d)/barn.txt
  echo 'The barn is red. It stands on a hill.' >"$file"
fi

app=$(send "$admin" 'mutation ($input: CreateAppInput!) { createApp(input: $input) { app { id } } }' \
  "{\"name\": \"Quick start $(date +'%F %T') $$\"}" | pick id)
agent=$(send "$admin" 'mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } } }' \
  "{\"appId\": \"$app\", \"name\": \"Guide\"}" | pick id)
scope=$(send "$admin" 'mutation ($input: CreateScopeInput!) { createScope(input: $input) { scope { id } } }' \
  "{\"appId\": \"$app\", \"name\": \"Clients\", \"permissions\":
    {\"agents\": \"VIEW\", \"runtime\": [\"RUN\", \"SESSION_CREATE\", \"DOCUMENT_UPLOAD\"]}}" | pick id)
secret=$(send "$admin" 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }' \
  "{\"scopeId\": \"$scope\", \"name\": \"Quick start\"}" | pick secret)
key="x-api-key: $secret"

session=$(send "$key" 'mutation ($input: CreateSessionInput!) { createSession(input: $input) { session { id } } }' '{}' | pick id)
curl -sS "$url" -H "$key" \
  -F 'operations={"query": "mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) { document { id } } }",
      "variables": {"input": {"sessionId": "'"$session"'", "file": null}}}' \
  -F 'map={"0": ["variables.input.file"]}' -F "0=@$file" | pick id >/dev/null

echo "agent   $agent"
if [ -n "${KEY_FILE:-}" ]; then
  (umask 077 && printf '%s\n' "$secret" >"$KEY_FILE")
  echo "key     in $KEY_FILE"
else
  echo "key     $secret"
fi
echo "answer  $(send "$key" 'mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { output } } }' \
  "{\"agentId\": \"$agent\", \"text\": \"$question\", \"session\": {\"id\": \"$session\"}}" | pick output)"
