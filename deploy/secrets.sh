#!/bin/sh
# Makes what deploy/compose.yaml keeps secret: passwords, the addresses that hold them, an authority and certificates.
#
#   deploy/secrets.sh                      what is missing in deploy/secrets; nothing that is there is changed
#   deploy/secrets.sh mqtt anna            a name and password for the broker, shown this once
#   deploy/secrets.sh --help
#
# In the environment: SECRETS (folder), DOMAIN and ADDRESS (what phones, carriers and browsers write), and REDIS, MQTT and
# POSTGRESQL where those do not stand as in compose.yaml. Needs OpenSSL 3 and Python 3.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${SECRETS:-$here/secrets}
domain=${DOMAIN:-contact.example}
address=${ADDRESS:-192.0.2.10}
sentinels=${REDIS:-172.28.20.41:26379,172.28.20.42:26379,172.28.20.43:26379}
broker=${MQTT:-172.28.40.51:8883}
postgresql=${POSTGRESQL:-172.28.20.51:5432}

# The folder is its owner's alone. The files in it may be read by whom they are mounted for, whatever number that has.
umask 077
case ${1:-} in "" | mqtt) mkdir -p "$folder" && cd "$folder" ;; esac

# kept FILE: its text from standard input, unless it is there.
kept() {
  if [ -e "$1" ]; then cat >/dev/null && return; fi
  cat >"$1.new"
  chmod 444 "$1.new"
  mv "$1.new" "$1"
  echo "$folder/$1"
}

password() { openssl rand -hex 24; }

# identity NAME PASSWORD: a line of Mosquitto's password file.
identity() {
  python3 - "$1" "$2" <<'PY'
import base64, hashlib, os, sys
name, password = sys.argv[1:]
salt = os.urandom(12)
told = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)
print(f"{name}:$7$101${base64.b64encode(salt).decode()}${base64.b64encode(told).decode()}")
PY
}

# certificate NAME SUBJECT-ALTERNATIVE-NAMES
certificate() {
  [ -e "$1.pem" ] && return
  openssl req -x509 -CA ca.pem -CAkey ca.key -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
    -subj "/CN=$1" -addext "subjectAltName=$2" -addext basicConstraints=critical,CA:FALSE \
    -addext extendedKeyUsage=serverAuth,clientAuth -keyout "made.key" -out "made.pem" 2>/dev/null
  kept "$1.key" <made.key
  kept "$1.pem" <made.pem
  rm -f made.key made.pem
}

case ${1:-} in
"") ;;
mqtt)
  case ${2:-} in "" | *[!A-Za-z0-9._-]*) echo "expected a name of letters, digits, '.', '_' and '-'" >&2 && exit 2 ;; esac
  if grep -q "^$2:" mosquitto.passwd; then echo "$2 is there already: take its line out of $folder/mosquitto.passwd first" >&2 && exit 1; fi
  made=$(password)
  { cat mosquitto.passwd && identity "$2" "$made"; } >mosquitto.passwd.new
  chmod 444 mosquitto.passwd.new
  # The file stays the same one: a container has it mounted.
  chmod 600 mosquitto.passwd && cat mosquitto.passwd.new >mosquitto.passwd && chmod 444 mosquitto.passwd
  rm mosquitto.passwd.new
  echo "$2 $made"
  echo "the broker reads it on SIGHUP: docker compose kill -s HUP mosquitto" >&2
  exit ;;
*)
  sed -n '2,9s/^# \{0,1\}//p' "$here/$(basename "$0")" && exit 2 ;;
esac

password | kept redis_password
redis=$(cat redis_password)
printf 'requirepass %s\nmasterauth %s\n' "$redis" "$redis" | kept redis_auth.conf
printf 'sentinel auth-pass svar %s\n' "$redis" | kept sentinel_auth.conf
echo "sentinel://:$redis@$sentinels/svar" | kept redis_url

password | kept postgres_password
echo "postgresql+asyncpg://svar:$(cat postgres_password)@$postgresql/svar" | kept records_url

password | kept grafana_password

# What the mail server wants of Alertmanager is not ours to make: put it there.
printf '' | kept mail_password

for n in 1 2; do
  password | kept "mqtt_password_$n"
  echo "mqtts://svar-$n:$(cat "mqtt_password_$n")@$broker" | kept "mqtt_url_$n"
done
{ identity svar-1 "$(cat mqtt_password_1)" && identity svar-2 "$(cat mqtt_password_2)"; } | kept mosquitto.passwd

# An authority of our own. Its key is needed for further certificates alone: keep it elsewhere.
if [ ! -e ca.pem ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=svar's own authority" \
    -keyout ca.key -out made.pem 2>/dev/null
  kept ca.pem <made.pem
  rm -f made.pem
fi
certificate svar "DNS:$domain,IP:$address,URI:sip:$domain"
certificate kamailio "DNS:$domain,IP:$address,URI:sip:$domain"
certificate https "DNS:$domain,IP:$address"
certificate mosquitto "DNS:mqtt.$domain,IP:$address,IP:${broker%:*}"
