/** Rules and value sets of the DCC era, as the gateway exchanges them among participants. */
import { type Answer, type Asked, empty, json, problem } from './answer.ts'
import { openUpload } from './open-upload.ts'
import type { Rows, RuleRow } from './rows.ts'
import { isOnboarded } from './rows.ts'

const ruleId = /^(?:GR|VR|TR|RR|IR)-([A-Z]{2})-\d{4}$/
const versionPattern = /^(\d+)\.(\d+)\.(\d+)$/
const hour = 3_600_000

async function openByAnyUploader(rows: Rows, { body, country }: Asked): Promise<string> {
  const { content, signer } = await openUpload(body.toString('utf8'))
  if (!isOnboarded(rows, 'UPLOAD', country, signer.raw)) throw problem(400, '0x230', 'Invalid Upload Cert')
  return content.toString('utf8')
}

/** POST /rules */
export async function uploadRule(rows: Rows, asked: Asked, now: Date): Promise<Answer> {
  const rule = parseRule(await openByAnyUploader(rows, asked))
  const { country, version, validFrom, validTo } = rule
  if (country !== asked.country) throw problem(403, '0x210', 'Invalid Country sent')
  if (ruleId.exec(rule.ruleId)?.[1] !== country) throw problem(400, '0x250', 'Invalid RuleID')
  const newest = rows.rules.filter((each) => each.ruleId === rule.ruleId).map((each) => rank(each.version))
  if (newest.some((each) => each >= rank(version))) throw problem(400, '0x220', 'Invalid Version')
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)]
  const isInvalidation = rule.type === 'Invalidation'
  const earliest = now.getTime() + (isInvalidation ? -hour : 47 * hour)
  const isGood = from >= earliest && from <= now.getTime() + 14 * 24 * hour && to - from >= 72 * hour
  if (!isGood) throw problem(400, '0x240', 'Invalid Timestamp(s)')
  rows.rules.push({ ruleId: rule.ruleId, country, version, validFrom, validTo, cms: asked.body.toString('utf8') })
  return empty(201)
}

/** Versions by their order: three numbers below a million. */
const rank = (version: string) => version.split('.').reduce((sum, each) => sum * 1_000_000 + Number(each), 0)

function parseRule(text: string): Omit<RuleRow, 'cms'> & { type: string } {
  const refuse = (details: string) => problem(400, '0x200', 'Invalid JSON', details)
  let read: Record<string, unknown>
  try {
    read = JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    throw refuse(String(error))
  }
  const texts = ['Identifier', 'Type', 'Country', 'Version', 'ValidFrom', 'ValidTo'].map((name) => read?.[name])
  if (!texts.every((each) => typeof each === 'string')) throw refuse('required key missing')
  const [id = '', type = '', country = '', version = '', validFrom = '', validTo = ''] = texts as string[]
  if (!versionPattern.test(version) || Number.isNaN(Date.parse(validFrom)) || Number.isNaN(Date.parse(validTo)))
    throw refuse('does not match the schema')
  return { ruleId: id, type, country, version, validFrom, validTo }
}

/** DELETE /rules: the text that is signed is the rule's identifier. */
export async function deleteRule(rows: Rows, asked: Asked): Promise<Answer> {
  const id = await openByAnyUploader(rows, asked)
  const country = ruleId.exec(id)?.[1]
  if (!country) throw problem(400, '0x250', 'ID-String is invalid')
  if (country !== asked.country) throw problem(403, '0x210', 'Invalid country in ID-String')
  const kept = rows.rules.filter((each) => each.ruleId !== id)
  if (kept.length === rows.rules.length) throw problem(404, '0x270', 'Validation Rule does not exist')
  rows.rules.splice(0, rows.rules.length, ...kept)
  return empty(204)
}

/** GET /rules/{country}: the versions that are valid now or will be. */
export function listRules(rows: Rows, asked: Asked, now: Date): Answer {
  const country = decodeURIComponent(asked.path.split('/').at(-1) ?? '')
  if (country.length !== 2) throw problem(400, '0x001', 'Validation Error', 'country: length must be between 2 and 2')
  const found = rows.rules.filter((each) => each.country === country && Date.parse(each.validTo) > now.getTime())
  const listed = Object.groupBy(found, (each) => each.ruleId)
  const shown = ({ version, validFrom, validTo, cms }: RuleRow) => ({ version, validFrom, validTo, cms })
  return json(Object.fromEntries(Object.entries(listed).map(([id, versions = []]) => [id, versions.map(shown)])))
}

/** GET /valuesets */
export const listValueSets = (rows: Rows): Answer => json([...rows.valueSets.keys()])

/** GET /valuesets/{id} */
export function readValueSet(rows: Rows, asked: Asked): Answer {
  const text = rows.valueSets.get(decodeURIComponent(asked.path.split('/').at(-1) ?? ''))
  if (text === undefined) throw problem(404, '0x100', 'Valueset does not exist')
  return { status: 200, contentType: 'application/json', body: text }
}
