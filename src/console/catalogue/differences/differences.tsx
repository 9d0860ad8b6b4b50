/** What makes one version of another: two that stand in the address. */
import { useEffect, useMemo } from 'preact/hooks'
import { ask, type Reply } from '../../api/client.ts'
import { isMembers } from '../../api/parameters.ts'
import { useReply } from '../../api/use-reply.ts'
import { changeQuery, place } from '../../app/router.ts'
import { language } from '../../app/session.ts'
import { counted, fill, shownDate } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Await } from '../../parts/await.tsx'
import { Field } from '../../parts/field.tsx'
import { Notice } from '../../parts/notice.tsx'
import { compareVersions } from '../../workbench/document/header.ts'
import { pathOf, versionOf, versionText, type Which } from '../page/addresses.ts'
import { askForm } from '../page/forms.ts'
import { WrongAnswer } from '../page/notices.tsx'
import type { PartProps } from '../page/part-props.ts'
import { ScrollBox } from '../page/scroll-box.tsx'
import { historyOf, othersPath } from '../page/versions.tsx'
import { bundleOf } from '../readers/artefact.ts'
import { contentsOf } from '../readers/library.ts'
import { Reading } from '../readers/reading.ts'
import { LineTable } from './line-table.tsx'
import { lineDifference } from './lines.ts'
import { type Change, structuralDifference } from './structure.ts'

/** The part. */
export function Differences({ which, resource }: PartProps) {
  const { versions, tabs } = texts().catalogue
  const { query } = place.value
  const [from, to] = [query.get('from'), query.get('to')].map((each) => versionOf(which.type, each))
  return (
    <section aria-label={tabs.differences}>
      <h2>{tabs.differences}</h2>
      <Choice which={which} url={resource.text('url')} />
      {from && to ? <Compared from={from} to={to} key={`${pathOf(from)} ${pathOf(to)}`} /> : <p>{versions.choose}</p>}
    </section>
  )
}

interface Offered {
  value: string
  name: string
  /** As the artefact says it; empty where it says none. */
  version: string
}

/** What is offered, and the two newest of it: by their versions, of one alone the two that were stored last. */
interface Choices {
  all: Offered[]
  newest: { from: string; to: string } | undefined
}

function newestOf(own: readonly Offered[], others: readonly Offered[]): Choices['newest'] {
  const [current, before] = own
  const versions = [...(current ? [current] : []), ...others]
  const [last, other] = versions
    .filter(({ version }) => version !== '')
    .sort((a, b) => compareVersions(b.version, a.version))
  if (last && other && last.version !== other.version) return { from: other.value, to: last.value }
  return current && before ? { from: before.value, to: current.value } : undefined
}

async function offered(which: Which, url: string, signal: AbortSignal): Promise<Reply<Choices>> {
  const history = await ask(`/${which.type}/${which.id}/_history?_summary=true&_count=50`, { signal })
  if (history.fault) return history
  const read = historyOf(history.value)
  if (!read) return { fault: { kind: 'broken' } }
  const own = read.versions
    .filter((each) => !each.isDeleted && each.versionId)
    .map(({ versionId, head, lastModified }) => ({
      value: versionText({ ...which, versionId }),
      version: head?.version ?? '',
      name: `#${versionId} · ${head?.version ?? ''} · ${shownDate(lastModified, language.value)}`,
    }))
  if (!url) return { value: { all: own, newest: newestOf(own, []) }, headers: history.headers }
  const others = await ask(othersPath(which.type, url), { signal })
  if (others.fault) return others
  const found = (bundleOf(others.value)?.resources ?? [])
    .filter((each) => each.text('id') !== which.id)
    .map((each) => ({
      value: each.text('id'),
      version: each.text('version'),
      name: `${each.text('version')} · ${each.text('id')}`,
    }))
  return { value: { all: [...own, ...found], newest: newestOf(own, found) }, headers: history.headers }
}

function Choice({ which, url }: { which: Which; url: string }) {
  const { versions } = texts().catalogue
  const asked = useReply(`${pathOf(which)} ${url}`, (signal) => offered(which, url, signal))
  const { query } = place.value
  const [from, to] = [query.get('from') ?? '', query.get('to') ?? '']
  const newest = asked.value?.newest
  const isUnchosen = !query.has('from') && !query.has('to')
  useEffect(() => {
    if (newest && isUnchosen) changeQuery({ ...newest }, { replace: true })
  }, [newest])
  return (
    <Await asked={asked} lines={3}>
      {({ all: choices }) => (
        <div class="filter-fields">
          {(
            [
              ['from', versions.from, from],
              ['to', versions.to, to],
            ] as const
          ).map(([name, label, value]) => (
            <Field key={name} label={label}>
              {(control) => (
                <select
                  {...control}
                  value={value}
                  onChange={(event) => changeQuery({ [name]: event.currentTarget.value }, { replace: true })}
                >
                  <option value="">–</option>
                  {choices.map((each) => (
                    <option key={each.value} value={each.value}>
                      {each.name}
                    </option>
                  ))}
                  {value && !choices.some((each) => each.value === value) && <option value={value}>{value}</option>}
                </select>
              )}
            </Field>
          ))}
          {from && to && (
            <button type="button" class="quiet" onClick={() => changeQuery({ from: to, to: from }, { replace: true })}>
              {versions.swap}
            </button>
          )}
        </div>
      )}
    </Await>
  )
}

/** Characters of an artefact beyond which two are not compared in a browser. */
const largest = 4_000_000

interface Pair {
  before: unknown
  after: unknown
  /** Texts of either side, by what they are called. */
  texts: { name: string; before: string; after: string }[]
}

async function bothOf(from: Which, to: Which, signal: AbortSignal): Promise<Reply<Pair | 'tooLarge'>> {
  const [one, other] = await Promise.all([from, to].map((each) => askForm(pathOf(each), 'json', signal)))
  if (!one || !other) return { fault: { kind: 'broken' } }
  if (one.fault) return one
  if (other.fault) return other
  const { headers } = one
  if (one.value.length > largest || other.value.length > largest) return { value: 'tooLarge', headers }
  const [before, after] = [parsed(one.value), parsed(other.value)]
  if (before === undefined || after === undefined) return { fault: { kind: 'broken' } }
  if (from.type !== 'StructureMap') return { value: { before, after, texts: contents(before, after) }, headers }
  const fml = await Promise.all([from, to].map((each) => askForm(pathOf(each), 'fml', signal)))
  const failed = fml.find((each) => each.fault !== undefined)
  if (failed?.fault) return failed
  const [oneText = '', otherText = ''] = fml.map((each) => each.value)
  const maps = [{ name: 'FML', before: oneText, after: otherText }]
  return { value: { before, after, texts: maps }, headers }
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const found: unknown = JSON.parse(text)
    return isMembers(found) && typeof found.resourceType === 'string' ? found : undefined
  } catch {
    return undefined
  }
}

/** Texts in a library, CQL above all, by their types. */
function contents(before: unknown, after: unknown): Pair['texts'] {
  const [one, other] = [before, after].map((each) => contentsOf(new Reading(each)))
  return (one ?? []).flatMap(({ type, text }) => {
    const same = other?.find((each) => each.type === type)?.text
    return text !== undefined && same !== undefined ? [{ name: type, before: text, after: same }] : []
  })
}

function Compared({ from, to }: { from: Which; to: Which }) {
  const { versions } = texts().catalogue
  const asked = useReply(`${pathOf(from)} ${pathOf(to)}`, (signal) => bothOf(from, to, signal))
  return (
    <Await asked={asked} lines={10}>
      {(pair) => (pair === 'tooLarge' ? <p>{versions.tooLarge}</p> : <Told pair={pair} type={from.type} />)}
    </Await>
  )
}

function Told({ pair, type }: { pair: Pair; type: string }) {
  const { versions } = texts().catalogue
  const { changes, isWhole } = useMemo(() => structuralDifference(pair.before, pair.after), [pair])
  const changed = useMemo(
    () =>
      pair.texts
        .filter((each) => each.before !== each.after)
        .map((each) => ({ name: each.name, runs: lineDifference(each.before, each.after) })),
    [pair],
  )
  if (!isMembers(pair.before) || !isMembers(pair.after) || pair.before.resourceType !== type) return <WrongAnswer />
  if (changes.length === 0)
    return (
      <Notice kind="good">
        <p class="notice-head">{versions.same}</p>
        <p>{versions.sameHint}</p>
      </Notice>
    )
  return (
    <>
      <p role="status">
        {counted(versions.changes, changes.length, language.value)}. {!isWhole && versions.cut}
      </p>
      {changed.map((each) => (
        <>
          <h3>{fill(versions.textOf, { type: each.name })}</h3>
          <LineTable runs={each.runs} label={fill(versions.textOf, { type: each.name })} />
        </>
      ))}
      <Changes changes={changes} />
    </>
  )
}

function Changes({ changes }: { changes: Change[] }) {
  const { versions } = texts().catalogue
  return (
    <ScrollBox label={versions.place}>
      <table class="changes">
        <thead>
          <tr>
            <th scope="col">{versions.place}</th>
            <th scope="col">{versions.before}</th>
            <th scope="col">{versions.after}</th>
          </tr>
        </thead>
        <tbody>
          {changes.map(({ path, kind, before, after }) => (
            <tr class={`change-${kind}`}>
              <th scope="row">
                <code>{path.slice(0, 500)}</code> <span class="tag">{versions.kinds[kind]}</span>
              </th>
              <td>{before !== undefined && <del>{valueText(before)}</del>}</td>
              <td>{after !== undefined && <ins>{valueText(after)}</ins>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  )
}

/** A value in a cell; of base64 and other long texts the beginning. */
function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 600 ? `${text.slice(0, 600)}…` : text
}
