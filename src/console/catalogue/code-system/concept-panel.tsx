/** All that is known of one code ($lookup): the one in the address' `code`. */
import { ask, type Reply } from '../../api/client.ts'
import { useReply } from '../../api/use-reply.ts'
import { changeQuery, place } from '../../app/router.ts'
import { texts } from '../../languages/languages.ts'
import { Await } from '../../parts/await.tsx'
import { Field } from '../../parts/field.tsx'
import { Canonical } from '../page/links.tsx'
import { LongText, WrongAnswer } from '../page/notices.tsx'
import { type Concept, lookedUp } from '../readers/parameters.ts'
import { askPage, type SystemAsked } from './questions.ts'

/** Children beyond which a look-up does not list them. */
const mostChildren = 200
const mostProperties = 60

/** The panel. @param properties that the system declares */
export function ConceptPanel({ system, properties }: { system: SystemAsked; properties: string[] }) {
  const { tree } = texts().catalogue
  const code = place.value.query.get('code') ?? ''
  const key = code && JSON.stringify([system.url, system.version, code])
  const asked = useReply(key || undefined, (signal) => lookUp(system, code, properties, signal))
  return (
    <section class="concept card" aria-label={tree.lookUp}>
      <h3>{tree.lookUp}</h3>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          changeQuery({ code: String(new FormData(event.currentTarget).get('code') ?? '').trim() })
        }}
      >
        <Field label={tree.code}>
          {(control) => (
            <input
              {...control}
              name="code"
              key={code}
              defaultValue={code}
              autocomplete="off"
              spellcheck={false}
              dir="ltr"
            />
          )}
        </Field>
        <button type="submit" class="quiet">
          {tree.show}
        </button>
      </form>
      <div aria-live="polite">
        {code ? (
          <Await asked={asked} keep lines={8}>
            {(value) => {
              const concept = lookedUp(value)
              return concept ? <ConceptFacts concept={concept} /> : <WrongAnswer />
            }}
          </Await>
        ) : (
          <p class="hint">{tree.choose}</p>
        )}
      </div>
    </section>
  )
}

/** A code may have a hundred thousand below it: all properties are asked for only where there are few. */
async function lookUp(
  { url, version }: SystemAsked,
  code: string,
  declared: string[],
  signal: AbortSignal,
): Promise<Reply<unknown>> {
  const page = { offset: 0, count: 1 }
  const place = await askPage({ url, version, withInactive: true }, { kind: 'one', code }, page, signal)
  const children = place.value?.members[0]?.childCount
  const isSmall = children !== undefined && children <= mostChildren
  const properties = isSmall
    ? ['*']
    : [...declared.filter((each) => each !== 'child').slice(0, mostProperties), 'parent']
  const query = new URLSearchParams([
    ['system', url],
    ...(version ? [['version', version]] : []),
    ['code', code],
    ...properties.map((each) => ['property', each]),
  ])
  return ask(`/CodeSystem/$lookup?${query}`, { signal })
}

function ConceptFacts({ concept }: { concept: Concept }) {
  const { tree } = texts().catalogue
  return (
    <>
      <h4 dir="auto">{concept.display.slice(0, 500) || concept.code}</h4>
      <p>
        <code>{concept.code}</code>{' '}
        <span class="under">
          <bdi>{concept.systemName.slice(0, 200)}</bdi> <bdi>{concept.version}</bdi>
        </span>
      </p>
      {concept.definition && (
        <p>
          <LongText text={concept.definition} />
        </p>
      )}
      {concept.designations.length > 0 && (
        <>
          <h5>{tree.designations}</h5>
          <ul class="plain-list">
            {concept.designations.slice(0, 200).map(({ language, use, value }) => (
              <li>
                {language && <span class="tag">{language.slice(0, 35)}</span>}{' '}
                <bdi {...(/^[A-Za-z-]{2,35}$/.test(language) && { lang: language })}>{value.slice(0, 1_000)}</bdi>{' '}
                {use && <span class="hint">{use.slice(0, 200)}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
      <h5>{tree.properties}</h5>
      <dl class="properties">
        {concept.properties.slice(0, 500).map((each) => (
          <div>
            <dt dir="auto">{each.code.slice(0, 200)}</dt>
            <dd>
              <PropertyValue property={each} />
            </dd>
          </div>
        ))}
      </dl>
    </>
  )
}

function PropertyValue({ property }: { property: Concept['properties'][number] }) {
  const { tree } = texts().catalogue
  const { code, value, coding, description, isCode } = property
  if (value === 'true' || value === 'false') return <>{value === 'true' ? tree.yes : tree.no}</>
  if (coding)
    return (
      <Canonical canonical={coding.system} words={value.slice(0, 500)} query={{ tab: 'codes', code: coding.code }} />
    )
  if (isCode && ['parent', 'child'].includes(code))
    return (
      <a href={`${place.value.path}?${withCode(value)}`}>
        <code>{value.slice(0, 300)}</code> <bdi>{description.slice(0, 300)}</bdi>
      </a>
    )
  return (
    <>
      <LongText text={value} /> <bdi>{description.slice(0, 500)}</bdi>
    </>
  )
}

function withCode(code: string): string {
  const query = new URLSearchParams(place.value.query)
  query.set('code', code)
  return query.toString()
}
