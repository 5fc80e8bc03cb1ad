import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConfigFault, formatFaults } from "../../src/config/fault.ts";
import type { Result } from "../../src/contract/result.ts";

/** A folder of its own for one test's configuration files; gone when the test ends. */
export class ConfigFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "lockerd-config-"));

  write(text: string, name = "lockerd.yaml"): string {
    const path = join(this.path, name);
    writeFileSync(path, text);
    return path;
  }

  /** What a person reads, without the folder. */
  faultsOf(result: Result<unknown, readonly ConfigFault[]>): readonly string[] {
    return result.ok ? [] : formatFaults(result.error).replaceAll(`${this.path}/`, "").split("\n");
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export const PUBLIC_KEY = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

export const goodLocker = `version: 1
locker:
  handle: k3v9x2m8q1
  name: Harbour Street 5
buses:
  - name: bus0
    transport: { kind: serial, path: /dev/lockerd-bus0, baudRate: 9600 }
    boards:
      - name: left
        protocol: fp1
        address: 1
        channels:
          - { channel: 0, compartment: 1 }
          - { channel: 1, compartment: 2, feedback: open-closes }
  - name: bus1
    transport: { kind: tcp, host: 10.0.0.7, port: 4001, replySlackMs: 300 }
    boards:
      - name: right
        protocol: fp1
        address: 1
        unlockPulseMs: 500
        channels:
          - { channel: 0, compartment: 3 }
compartments:
  - { id: 1, size: S }
  - { id: 3, size: L }
  - { id: 2, size: M }
uplink:
  url: mqtts://broker.example.org:8883
  tls:
    caFile: /etc/lockerd/ca.pem
    certFile: /etc/lockerd/cert.pem
    keyFile: /etc/lockerd/key.pem
keys:
  signingKeyFile: /etc/lockerd/signing.pem
  sealingKeyFile: /etc/lockerd/sealing.pem
  boardKeyFile: /etc/lockerd/board
  pepperFile: /run/credentials/lockerd.service/lockerd.pepper
fleet:
  commandKey: ${PUBLIC_KEY}
vault:
  sealingKey: ${PUBLIC_KEY}
`;

export const HASH = "0a".repeat(32);

export const goodFleet = `version: 1
http: { host: 127.0.0.1, port: 8470 }
mqtt: { url: "mqtt://127.0.0.1:1883" }
keys:
  commandKeyFile: /etc/lockerd/command.pem
  linkKeyFile: /etc/lockerd/link.pem
  rosterKeyFile: /etc/lockerd/roster
lockers:
  - { handle: k3v9x2m8q1, name: Harbour, signingKey: ${PUBLIC_KEY}, sealingKey: ${PUBLIC_KEY} }
apiKeys:
  - { id: desk-1, kind: operator, sha256: ${HASH} }
vault: { url: "http://127.0.0.1:8480" }
`;

export const goodVault = `version: 1
http: { host: "::1", port: 0 }
database: /tmp/vault.db
keys: { sealingKeyFile: /etc/lockerd/sealing.pem, masterKeyFile: /etc/lockerd/master }
fleetKey: ${PUBLIC_KEY}
lockers:
  - { handle: k3v9x2m8q1, name: Harbour, address: Harbour Street 5, signingKey: ${PUBLIC_KEY} }
carriers:
  - { id: post, sha256: ${HASH} }
notifier:
  kind: smtp
  host: mail.example.org
  port: 465
  username: lockers
  passwordFile: /etc/lockerd/smtp-password
  from: lockers@example.org
`;
