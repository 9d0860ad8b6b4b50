/** A structure map: its text as the server writes it, and its groups. */
import { useReply } from '../../api/use-reply.ts'
import { language } from '../../app/session.ts'
import { counted, fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Await } from '../../parts/await.tsx'
import { pathOf } from '../page/addresses.ts'
import { CodeView } from '../page/code-view.tsx'
import { askForm, forms } from '../page/forms.ts'
import { Canonical } from '../page/links.tsx'
import { LongText } from '../page/notices.tsx'
import type { PartProps } from '../page/part-props.ts'
import { Download } from '../page/source.tsx'
import { groupsOf, type MapGroup, structuresOf } from '../readers/structure-map.ts'

/** Its text (docs/map-author.md). */
export function MapText({ which, resource }: PartProps) {
  const { code, tabs } = texts().catalogue
  const path = pathOf(which)
  const asked = useReply(path, (signal) => askForm(path, 'fml', signal))
  const label = fill(code.text, { language: 'FML' })
  return (
    <section aria-label={tabs.text}>
      <h2>{label}</h2>
      <Await asked={asked} lines={20}>
        {(text) => (
          <>
            <CodeView text={text} language="fml" label={label} />
            <Download text={text} type={forms.fml.accept} name={`${resource.text('name') || 'map'}.map`} />
          </>
        )}
      </Await>
    </section>
  )
}

/** Its structures and groups. */
export function MapGroups({ resource }: PartProps) {
  const { structureMap, tabs } = texts().catalogue
  const structures = structuresOf(resource)
  const groups = groupsOf(resource)
  const imports = resource.texts('import')
  return (
    <section aria-label={tabs.groups}>
      {structures.length > 0 && <h2>{structureMap.structures}</h2>}
      <ul class="plain-list">
        {structures.slice(0, 200).map((each) => (
          <li>
            {Object.entries(structureMap.modes).find(([name]) => name === each.mode)?.[1] ?? each.mode.slice(0, 60)}{' '}
            <Canonical canonical={each.url} /> {each.alias && <bdi>({each.alias.slice(0, 100)})</bdi>}
          </li>
        ))}
      </ul>
      {imports.length > 0 && <h2>{structureMap.imports}</h2>}
      <ul class="plain-list">
        {imports.slice(0, 200).map((each) => (
          <li>
            <Canonical canonical={each} />
          </li>
        ))}
      </ul>
      <h2>{structureMap.groups}</h2>
      {groups.length === 0 && <p>{structureMap.none}</p>}
      {groups.slice(0, 500).map((each) => (
        <GroupCard group={each} />
      ))}
    </section>
  )
}

function GroupCard({ group }: { group: MapGroup }) {
  const { structureMap } = texts().catalogue
  const input = ({ name, mode, type }: MapGroup['inputs'][number]) =>
    [mode, name, type && `: ${type}`].filter(Boolean).join(' ')
  return (
    <section class="card">
      <h3 dir="auto">{group.name.slice(0, 200)}</h3>
      {group.extends && <p dir="auto">{fill(structureMap.extends, { name: group.extends.slice(0, 200) })}</p>}
      <p>
        {structureMap.inputs} <code>{group.inputs.slice(0, 20).map(input).join(', ').slice(0, 1_000)}</code> ·{' '}
        {counted(structureMap.rules, group.rules, language.value)}
      </p>
      {group.documentation && <LongText text={group.documentation} />}
    </section>
  )
}
