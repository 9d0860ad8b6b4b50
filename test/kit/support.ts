/** A server whose kits are taken, and verdicts by them. */
import { readFileSync } from 'node:fs'
import type { KitScope } from '../../src/kit/manifest.ts'
import { openKit } from '../../src/kit/open-kit.ts'
import type { Pins } from '../../src/kit/pinned-keys.ts'
import { openKitEvaluation } from '../../src/server/kit/kit-evaluation.ts'
import type { VidimusServer } from '../../src/server.ts'

/** The scope of a jurisdiction, with every key and rule set. */
export const scopeOf = (jurisdiction: string): KitScope => ({ jurisdiction, trustDomains: [], planDefinitions: [] })

/** The key of a server, pinned. */
export function pinsOf({ signing }: Pick<VidimusServer, 'signing'>): Pins {
  return { keys: signing.all().map(({ publicKey }) => publicKey), authorities: [] }
}

/** The kit of a server as a file. */
export async function kitOf(server: VidimusServer, scope: KitScope): Promise<{ bytes: Buffer; hash: string }> {
  const { path, hash } = await server.verifierKits().current(scope)
  return { bytes: readFileSync(path), hash }
}

/** Verdicts by a kit of a server. */
export function verdictsBy(bytes: Buffer, server: VidimusServer, now = () => new Date()) {
  return openKitEvaluation(openKit(bytes, { pins: pinsOf(server), now: now() }), { config: server.config, now })
}
