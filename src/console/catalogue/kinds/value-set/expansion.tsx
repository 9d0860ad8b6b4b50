/** The codes of a value set: the server's expansion, page by page, by text and in any language. */
import { useReply } from '../../../api/use-reply.ts'
import { changeQuery, place } from '../../../app/router.ts'
import { language } from '../../../app/session.ts'
import { counted, fill } from '../../../languages/fill.ts'
import { texts } from '../../../languages/languages.ts'
import { Await } from '../../../parts/await.tsx'
import { Field } from '../../../parts/field.tsx'
import { Notice } from '../../../parts/notice.tsx'
import { TypedText } from '../../list/filters.tsx'
import { pathOf } from '../../page/addresses.ts'
import { Canonical } from '../../page/links.tsx'
import { OddNotice, WrongAnswer } from '../../page/notices.tsx'
import type { PartProps } from '../../page/part-props.ts'
import { ScrollBox } from '../../page/scroll-box.tsx'
import { type Expansion, expansionOf } from '../../readers/value-set.ts'
import { askArtefact, type Given } from '../ask-artefact.ts'

const pageSize = 100

/** The part. */
export function ExpansionPages({ which, resource }: PartProps) {
  const { valueSet, tabs } = texts().catalogue
  const { query } = place.value
  const text = (query.get('q') ?? '').slice(0, 200)
  const tag = query.get('in') ?? ''
  const offset = Math.max(0, Math.trunc(Number(query.get('offset') ?? '0')) || 0)
  const key = JSON.stringify([pathOf(which), text, tag, offset])
  const given: Given[] = [
    { name: 'count', valueInteger: pageSize },
    { name: 'offset', valueInteger: offset },
    ...(text ? [{ name: 'filter', valueString: text }] : []),
    ...(tag ? [{ name: 'displayLanguage', valueString: tag }] : []),
  ]
  const asked = useReply(key, (signal) =>
    askArtefact({ which, resource }, { operation: '$expand', itself: 'valueSet', given, signal }),
  )
  const change = (changes: Record<string, string | undefined>) =>
    changeQuery({ ...changes, offset: undefined }, { replace: true })
  return (
    <section aria-label={tabs.codes}>
      <h2>{tabs.codes}</h2>
      <div class="filter-fields">
        <Field label={valueSet.filter}>
          {(control) => <TypedText control={control} type="search" value={text} change={(q) => change({ q })} />}
        </Field>
        <Field label={valueSet.language} hint={valueSet.languageHint}>
          {(control) => <TypedText control={control} value={tag} change={(wanted) => change({ in: wanted })} />}
        </Field>
      </div>
      <Await asked={asked} keep lines={20}>
        {(value) => {
          const expansion = expansionOf(value)
          return expansion ? <Page expansion={expansion} offset={offset} /> : <WrongAnswer />
        }}
      </Await>
    </section>
  )
}

function Page({ expansion, offset }: { expansion: Expansion; offset: number }) {
  const { valueSet } = texts().catalogue
  const { total, members, fragments, warnings, odd } = expansion
  return (
    <>
      {fragments.map((each) => (
        <Notice kind="open">
          <p dir="auto">{fill(valueSet.fragment, { system: each })}</p>
        </Notice>
      ))}
      <p class="found" role="status">
        {total === undefined ? valueSet.totalUnknown : counted(valueSet.total, total, language.value)}
      </p>
      {members.length === 0 ? <p>{valueSet.empty}</p> : <Members expansion={expansion} />}
      {warnings.length > 0 && (
        <ul class="hint">
          {warnings.map(({ name, canonical }) => (
            <li>{fill(valueSet.warning, { name: name.replace('warning-', ''), canonical })}</li>
          ))}
        </ul>
      )}
      <OddNotice odd={odd} />
      <Turn offset={offset} shown={members.length} total={total} size={pageSize} />
    </>
  )
}

function Members({ expansion: { members } }: { expansion: Expansion }) {
  const { valueSet } = texts().catalogue
  return (
    <ScrollBox label={texts().catalogue.tabs.codes}>
      <table class="codes">
        <thead>
          <tr>
            <th scope="col">{valueSet.code}</th>
            <th scope="col">{valueSet.display}</th>
            <th scope="col">{valueSet.system}</th>
          </tr>
        </thead>
        <tbody>
          {members.map((each) => (
            <tr>
              <th scope="row">
                <Canonical
                  canonical={each.system}
                  words={each.code.slice(0, 300)}
                  query={{ tab: 'codes', code: each.code }}
                />
              </th>
              <td>
                <span dir="auto">{each.display.slice(0, 1_000)}</span>{' '}
                {each.isInactive && <span class="tag">{valueSet.inactive}</span>}
                {each.isAbstract && <span class="tag">{valueSet.abstract}</span>}
              </td>
              <td>
                <code class="address">
                  {(each.version ? `${each.system}|${each.version}` : each.system).slice(0, 300)}
                </code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  )
}

interface TurnProps {
  offset: number
  shown: number
  total: number | undefined
  size: number
}

/** Buttons to the pages before and behind; where it stands is in the address' `offset`. */
export function Turn({ offset, shown, total, size }: TurnProps) {
  const { list, valueSet } = texts().catalogue
  const number = (count: number) => new Intl.NumberFormat(language.value).format(count)
  const isLast = total === undefined ? shown < size : offset + shown >= total
  if (offset === 0 && isLast) return null
  const to = (wanted: number) => changeQuery({ offset: wanted > 0 ? String(wanted) : undefined })
  return (
    <nav class="pages" aria-label={list.pages}>
      {offset > 0 && (
        <button type="button" class="quiet" onClick={() => to(Math.max(0, offset - size))}>
          {list.previous}
        </button>
      )}
      <span>
        {fill(valueSet.from, {
          from: number(shown > 0 ? offset + 1 : offset),
          to: number(offset + shown),
          total: total === undefined ? '?' : number(total),
        })}
      </span>
      {!isLast && (
        <button type="button" class="quiet" onClick={() => to(offset + size)}>
          {list.next}
        </button>
      )}
    </nav>
  )
}
