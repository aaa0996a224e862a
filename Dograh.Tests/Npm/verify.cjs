// Reads checks as JSON, one array: {library, secret, id, timestamp, signature, body: base64}. Says of each whether it verifies.
const { verify, createPublicKey } = require("node:crypto");
const { Webhook: StandardWebhook } = require("standardwebhooks");
const { Webhook: SvixWebhook } = require("svix");

// The bytes that stand before an Ed25519 key in its DER form.
const ed25519 = Buffer.from("302a300506032b6570032100", "hex");

function verifyWithNode(check, body) {
  const key = createPublicKey({ key: Buffer.concat([ed25519, Buffer.from(check.secret.slice("whpk_".length), "base64")]), format: "der", type: "spki" });
  const message = Buffer.concat([Buffer.from(`${check.id}.${check.timestamp}.`), body]);
  const signatures = check.signature.split(" ").filter((signature) => signature.startsWith("v1a,"));
  if (!signatures.some((signature) => verify(null, message, key, Buffer.from(signature.slice("v1a,".length), "base64")))) throw new Error("no signature matches");
}

function verifies(check) {
  const body = Buffer.from(check.body, "base64");
  const headers = { "webhook-id": check.id, "webhook-timestamp": check.timestamp, "webhook-signature": check.signature };
  try {
    if (check.library === "node") verifyWithNode(check, body);
    else new (check.library === "svix" ? SvixWebhook : StandardWebhook)(check.secret).verify(body.toString("utf8"), headers);
    return null;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

process.stdout.write(JSON.stringify(JSON.parse(require("node:fs").readFileSync(0, "utf8")).map(verifies)));
