/** Which versions of the engine and of the certificate's schema the rules of the EU may name here. */
import { specificationVersion } from 'certlogic-js'
import type { JsonObject } from '../../base/json-value.ts'

/** The newest schema of the EU DCC whose certificates are read. */
const schemaVersion = '1.3.2'

/** The first published version of CertLogic. */
const firstEngine = '0.7.0'

type Parts = [number, number, number]

function partsOf(version: unknown): Parts | undefined {
  const found = typeof version === 'string' ? /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/.exec(version) : undefined
  return found ? [Number(found[1]), Number(found[2]), Number(found[3])] : undefined
}

function isAtMost(a: Parts, b: Parts): boolean {
  const at = a.findIndex((part, index) => part !== b[index])
  return at < 0 || (a[at] ?? 0) < (b[at] ?? 0)
}

/** What is wrong with the versions that a rule names, by member; a member that is absent says nothing. */
export function versionFaults(
  rule: JsonObject,
): { member: 'Engine' | 'EngineVersion' | 'SchemaVersion'; text: string }[] {
  const faults: ReturnType<typeof versionFaults> = []
  const { Engine: engine, EngineVersion: engineVersion, SchemaVersion: schema } = rule
  if (engine !== 'CERTLOGIC')
    faults.push({ member: 'Engine', text: `Engine is ${shown(engine)}, only CERTLOGIC is run` })
  if (engineVersion !== undefined && !isBetween(engineVersion, firstEngine, specificationVersion))
    faults.push({
      member: 'EngineVersion',
      text: `EngineVersion is ${shown(engineVersion)}, known are ${firstEngine} to ${specificationVersion}`,
    })
  if (schema !== undefined && !isBetween(schema, '1.0.0', schemaVersion))
    faults.push({
      member: 'SchemaVersion',
      text: `SchemaVersion is ${shown(schema)}, known are 1.0.0 to ${schemaVersion}`,
    })
  return faults
}

function isBetween(version: unknown, first: string, last: string): boolean {
  const [own, from, to] = [version, first, last].map(partsOf)
  return own !== undefined && from !== undefined && to !== undefined && isAtMost(from, own) && isAtMost(own, to)
}

const shown = (value: unknown) => (JSON.stringify(value ?? null) ?? 'null').slice(0, 60)

/**
 * Whether a rule was written for certificates of that schema version (`ver`): a rule for a newer one may read what this one does not
 * have. A certificate that does not say its version is taken as it is.
 */
export function fitsCertificate(rule: JsonObject | undefined, ver: unknown): boolean {
  const [own, certificate] = [partsOf(rule?.SchemaVersion), partsOf(ver)]
  if (!own || !certificate) return true
  return own[0] === certificate[0] && isAtMost(own, certificate)
}
