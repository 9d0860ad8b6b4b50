import type { Json, JsonObject } from '../../src/base/json-value.ts'

/**
 * A rule in the form of the EU's validation rules (CertLogic), which always holds; without a change one of XA that is in force. A member
 * that is changed to undefined is left out.
 */
export function euRule(change: Record<string, Json | undefined> = {}): JsonObject {
  const members: Record<string, Json | undefined> = {
    Identifier: 'GR-XA-0001',
    Type: 'Acceptance',
    Country: 'XA',
    Version: '1.0.0',
    SchemaVersion: '1.0.0',
    Engine: 'CERTLOGIC',
    EngineVersion: '0.7.5',
    CertificateType: 'General',
    Description: [{ lang: 'en', desc: 'Always passes.' }],
    ValidFrom: '2021-06-01T00:00:00Z',
    ValidTo: '2099-06-01T00:00:00Z',
    AffectedFields: ['r'],
    Logic: { '===': [1, 1] },
    ...change,
  }
  const rule: JsonObject = {}
  for (const [name, value] of Object.entries(members)) if (value !== undefined) rule[name] = value
  return rule
}
