import { globSync, readFileSync } from "node:fs";

/** A fenced block of shell commands, and where it stands. */
export type CommandBlock = { readonly page: string; readonly line: number; readonly text: string };

/** Every block of commands on a page that people read. */
export function commandBlocks(root: string): readonly CommandBlock[] {
  const pages = globSync(["*.md", "docs/**/*.md", "systemd/*.md", "firmware-protocol/**/*.md"], { cwd: root }).sort();
  return pages.flatMap((page) => {
    const text = readFileSync(`${root}${page}`, "utf8");
    return [...text.matchAll(/^ *```(?:sh|bash|shell|console)\n([\s\S]*?)^ *```$/gm)].map((match) => ({
      page,
      line: text.slice(0, match.index).split("\n").length,
      text: (match[1] ?? "").trim(),
    }));
  });
}

/** Commands that end before a person has done anything; where each is run. Everything else is listed in {@link elsewhere}. */
export const runnable: readonly {
  readonly text: string;
  readonly prints: RegExp;
  /** `scratch` is an empty folder; blocks of one page follow each other in the same one. */
  readonly in: "repository" | "scratch";
}[] = [
  { text: 'export PATH="$PWD/node_modules/.bin:$PATH"', prints: /^$/, in: "repository" },
  {
    text: `export PATH="$PWD/node_modules/.bin:$PATH"
node src/cli/lockerd.ts --help
node src/cli/lockerd.ts --version`,
    prints: /check-config[\s\S]*\d+\.\d+\.\d+/,
    in: "repository",
  },
  {
    text: `node src/cli/lockerd.ts check-config locker docs/examples/lockerd.yaml
node src/cli/lockerd.ts check-config fleet docs/examples/fleet.yaml
node src/cli/lockerd.ts check-config vault docs/examples/vault.yaml`,
    prints: /for the locker\n.*for the fleet\n.*for the vault/,
    in: "repository",
  },
  { text: "node sim/run.ts --seed 7 --trace", prints: / end \{/, in: "repository" },
  {
    text: `node sim/run.ts --count 2
node sim/run.ts --count 2 --no-faults`,
    prints: /violations +0[\s\S]*violations +0/,
    in: "repository",
  },
  {
    text: `umask 077
openssl genpkey -algorithm ed25519 -out signing-key
openssl genpkey -algorithm x25519 -out sealing-key
openssl rand -base64 32 > board-key
openssl rand -base64 32 > pepper`,
    prints: /^$/,
    in: "scratch",
  },
  {
    text: `umask 077
openssl genpkey -algorithm ed25519 -out command-key
openssl genpkey -algorithm ed25519 -out link-key
openssl rand -base64 32 > roster-key`,
    prints: /^$/,
    in: "scratch",
  },
  {
    text: `umask 077
openssl genpkey -algorithm x25519 -out sealing-key
openssl rand -base64 32 > master-key`,
    prints: /^$/,
    in: "scratch",
  },
  {
    text: `for key in $(grep -l "PRIVATE KEY" -- *); do
  printf '%s ' "$key"
  openssl pkey -in "$key" -pubout -outform DER | tail -c 32 | basenc --base64url | tr -d =
done`,
    prints: /^command-key [\w-]{43}\nlink-key [\w-]{43}\nsealing-key [\w-]{43}\nsigning-key [\w-]{43}\n$/,
    in: "scratch",
  },
  {
    text: `key=$(openssl rand -base64 32 | tr '+/' '-_' | tr -d =)
printf '%s' "$key" | sha256sum | cut -c 1-64`,
    prints: /^[0-9a-f]{64}\n$/,
    in: "scratch",
  },
  {
    text: `umask 077
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 3650 -subj "/CN=lockerd brokers" -keyout ca-key.pem -out broker-ca.pem`,
    prints: /^$/,
    in: "scratch",
  },
  {
    text: `openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=broker.example.org" -keyout server-key.pem -out server.csr
printf 'subjectAltName=DNS:broker.example.org\\n' > server.ext
openssl x509 -req -in server.csr -CA broker-ca.pem -CAkey ca-key.pem -CAcreateserial -days 825 -extfile server.ext -out server-cert.pem`,
    prints: /^$/,
    in: "scratch",
  },
  {
    text: `client=5f0c2a9e71d3b846
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=$client" -keyout broker-key -out "$client.csr"
openssl x509 -req -in "$client.csr" -CA broker-ca.pem -CAkey ca-key.pem -CAcreateserial -days 825 -out "$client.pem"`,
    prints: /^$/,
    in: "scratch",
  },
];

/** Why a command is not run here, and what looks at it instead. A line stands for itself, a block for its lines together. */
export const elsewhere: Readonly<Record<string, readonly string[]>> = {
  "run by .ci/run, and by tests/e2e/demo.test.ts, which starts the demo": [
    "npm install",
    "npm start",
    "npm test",
    "npm run e2e",
    "npm run build",
  ],
  "tests/systemd/units.test.ts does the same": ["systemd-analyze security --offline=true systemd/lockerd.service"],
  "this test is one of those it would run": [
    "npx vitest run --project unit tests/locker/platform/systemd.test.ts",
    "npx vitest run --project e2e",
    "npx vitest run --project unit tests/docs -u",
    "LOCKERD_SEED=20261121 LOCKERD_CYCLES=10 npm run e2e",
    "LOCKERD_PICTURES=docs/images npx vitest run --project e2e tests/e2e/first-parcel.test.ts",
  ],
  "rewrites the sources": ["npm run format"],
  "wants root, a network, a service manager, a device or a person; read by sh -n": [
    "apt-get install -y git perl-base openssl curl",
    "apt-get install -y mosquitto",
    'git clone "$REPOSITORY" /opt/lockerd',
    "cd /opt/lockerd",
    "cd /run/lockerd-keys",
    "npm prune --omit=dev",
    "mkdir -m 700 /run/lockerd-keys",
    "mkdir -p /etc/mosquitto/certs",
    "install -m 644 broker-ca.pem server-cert.pem /etc/mosquitto/certs/",
    "install -m 600 -o mosquitto server-key.pem /etc/mosquitto/certs/server-key.pem",
    "install -D -m 644 broker-ca.pem /etc/lockerd/broker-ca.pem",
    'install -D -m 644 "$client.pem" /etc/lockerd/broker-cert.pem',
    "umask 022",
    "cp /opt/lockerd/systemd/lockerd.sysusers.conf /usr/lib/sysusers.d/lockerd.conf",
    "systemd-sysusers",
    "cp /opt/lockerd/systemd/60-lockerd.rules /etc/udev/rules.d/",
    "udevadm info -q property -n /dev/ttyUSB0 | grep ID_PATH=",
    "nano /etc/udev/rules.d/60-lockerd.rules",
    "udevadm control --reload",
    "udevadm trigger --action=add --subsystem-match=tty --subsystem-match=usb-serial",
    "ls -l /dev/lockerd-bus0",
    "install -D -m 644 /opt/lockerd/docs/examples/lockerd.yaml /etc/lockerd/lockerd.yaml",
    "nano /etc/lockerd/lockerd.yaml",
    "npm exec -- node src/cli/lockerd.ts check-config locker /etc/lockerd/lockerd.yaml",
    "cp /opt/lockerd/systemd/lockerd.service /etc/systemd/system/",
    "cp /opt/lockerd/systemd/lockerd-fleet.service /etc/systemd/system/",
    "cp /opt/lockerd/systemd/lockerd-vault.service /etc/systemd/system/",
    "systemctl daemon-reload",
    "systemctl enable --now lockerd",
    "systemctl enable --now lockerd-fleet",
    "systemctl enable --now lockerd-vault",
    "systemctl restart mosquitto",
    "systemctl restart lockerd",
    "git pull",
    "diff /opt/lockerd/systemd/60-lockerd.rules /etc/udev/rules.d/60-lockerd.rules",
    "systemctl status lockerd",
    "journalctl -u lockerd -b",
    "curl -s 'http://127.0.0.1:8460/readyz?verbose'",
    "chromium --kiosk --no-first-run --disable-translate http://127.0.0.1:8460/",
    `prefix=lockerd
mkdir -p -m 700 /etc/credstore.encrypted
for key in *-key pepper smtp-password broker-password; do
  [ -e "$key" ] || continue
  systemd-creds encrypt --name="$prefix.$key" "$key" "/etc/credstore.encrypted/$prefix.$key" && rm "$key"
done
umask 022`,
    "cp /opt/lockerd/systemd/mosquitto-lockerd.conf /etc/mosquitto/conf.d/lockerd.conf",
    "nano /etc/mosquitto/conf.d/listener.conf /etc/mosquitto/lockerd.acl",
    "install -D -m 644 /opt/lockerd/docs/examples/vault.yaml /etc/lockerd-vault/vault.yaml",
    "nano /etc/lockerd-vault/vault.yaml",
    "npm exec -- node src/cli/lockerd.ts check-config vault /etc/lockerd-vault/vault.yaml",
    "install -D -m 644 /opt/lockerd/docs/examples/fleet.yaml /etc/lockerd-fleet/fleet.yaml",
    "nano /etc/lockerd-fleet/fleet.yaml",
    "npm exec -- node src/cli/lockerd.ts check-config fleet /etc/lockerd-fleet/fleet.yaml",
  ],
};
