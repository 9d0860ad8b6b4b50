import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { IssuedFormat } from './shapes.ts'

const TEST = 'TEST'

/** The text with TEST before it; one that says so already stays. */
const marked = (text: Json | undefined): string =>
  typeof text === 'string' && text !== '' ? (/\bTEST\b/.test(text) ? text : `${TEST} ${text}`) : TEST

/** The same of a name in the letters of ICAO 9303. */
const markedInLetters = (text: Json | undefined): string =>
  typeof text === 'string' && text !== '' ? (/(?:^|<)TEST(?:<|$)/.test(text) ? text : `${TEST}<${text}`) : TEST

const within = (content: JsonObject, member: string, change: (inner: JsonObject) => JsonObject): JsonObject => {
  const inner = content[member]
  return isJsonObject(inner) ? { ...content, [member]: change(inner) } : content
}

const named =
  (member: string) =>
  (content: JsonObject): JsonObject => ({ ...content, [member]: marked(content[member]) })

const eachOf = (value: Json | undefined, change: (each: JsonObject) => JsonObject): Json | undefined =>
  Array.isArray(value) ? value.map((each) => (isJsonObject(each) ? change(each) : each)) : value

function markDcc(content: JsonObject): JsonObject {
  const names = (nam: JsonObject) => ({ ...nam, fn: marked(nam.fn), fnt: markedInLetters(nam.fnt) })
  const whole = within(content, 'nam', names)
  for (const kind of ['v', 't', 'r']) {
    const entries = eachOf(whole[kind], named('is'))
    if (entries !== undefined) whole[kind] = entries
  }
  return whole
}

function markPatient(resource: Json): Json {
  if (!isJsonObject(resource) || resource.resourceType !== 'Patient') return resource
  const { name } = resource
  const names = Array.isArray(name) && name.length > 0 ? name : [{}]
  return {
    ...resource,
    name: names.map((each) =>
      isJsonObject(each)
        ? {
            ...each,
            family: marked(each.family),
            ...(typeof each.text === 'string' ? { text: marked(each.text) } : {}),
          }
        : each,
    ),
  }
}

const markCard = (content: JsonObject): JsonObject =>
  Array.isArray(content.resources) ? { ...content, resources: content.resources.map(markPatient) } : content

/**
 * The content with TEST in the name of the person, where everybody who compares it with an identity document reads it, and in the
 * issuer's where the format has one; of a link, which names nobody, in its label.
 */
export const markers: Record<IssuedFormat, (content: JsonObject) => JsonObject> = {
  'hcert-dcc': markDcc,
  'hcert-ddcc-vs': named('name'),
  'hcert-ddcc-tr': named('name'),
  'hcert-dvc': named('n'),
  'hcert-icvp': named('n'),
  'hcert-link': named('label'),
  'smart-health-link': named('label'),
  shc: markCard,
  divoc: (content) => within(content, 'credentialSubject', named('name')),
  'icao-vds-nc': (content) => within(content, 'pid', named('n')),
}
