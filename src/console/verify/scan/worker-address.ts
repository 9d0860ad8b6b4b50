/**
 * The one script that the console lets a browser start beside itself. Where the browser enforces Trusted Types, a text is no address of a
 * script: this policy, which the page's own policy knows by its name and which can be made only once, makes one of the scanner's alone.
 */

/** What is used of https://w3c.github.io/trusted-types/dist/spec/ */
interface TrustedTypeFactory {
  createPolicy(name: string, rules: { createScriptURL(text: string): string }): { createScriptURL(text: string): URL }
}

const isFactory = (value: unknown): value is TrustedTypeFactory =>
  typeof value === 'object' && value !== null && 'createPolicy' in value

function onlyScanner(address: string): string {
  if (address !== SCAN_WORKER) throw new TypeError('no script but the scanner’s is started')
  return address
}

const factory: unknown = Reflect.get(globalThis, 'trustedTypes')
// Made as the page begins: whoever comes later finds the name taken. The name stands in src/http/console/console-page.ts.
const policy = isFactory(factory)
  ? factory.createPolicy('vidimus-scanner', { createScriptURL: onlyScanner })
  : { createScriptURL: onlyScanner }

/** Starts the scanner's worker. */
export function startScanWorker(): Worker {
  return new Worker(policy.createScriptURL(SCAN_WORKER), { type: 'module', name: 'scanner' })
}
