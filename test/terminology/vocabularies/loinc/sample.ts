/** A release in the shape of LOINC that nobody published: numbers of eight digits, which LOINC does not have. */

const quoted = (fields: readonly string[]) => fields.map((each) => `"${each.replaceAll('"', '""')}"`).join(',')

/** A table: names of columns, and records by name. */
export function table(columns: readonly string[], rows: readonly Record<string, string>[]): string {
  const lines = [columns, ...rows.map((row) => columns.map((each) => row[each] ?? ''))]
  return `\uFEFF${lines.map(quoted).join('\r\n')}\r\n`
}

const TERM_COLUMNS = [
  ...['LOINC_NUM', 'COMPONENT', 'PROPERTY', 'TIME_ASPCT', 'SYSTEM', 'SCALE_TYP', 'METHOD_TYP', 'CLASS'],
  ...['VersionLastChanged', 'DefinitionDescription', 'STATUS', 'CLASSTYPE', 'UNITSREQUIRED', 'RELATEDNAMES2'],
  ...['SHORTNAME', 'ORDER_OBS', 'EXTERNAL_COPYRIGHT_NOTICE', 'LONG_COMMON_NAME', 'VersionFirstReleased', 'DisplayName'],
]

const term = (number: string, name: string, more: Record<string, string> = {}) => ({
  LOINC_NUM: number,
  COMPONENT: 'Moonlight',
  PROPERTY: 'MCnc',
  TIME_ASPCT: 'Pt',
  SYSTEM: 'Pond',
  SCALE_TYP: 'Qn',
  CLASS: 'LUNAR',
  VersionLastChanged: '2.79',
  STATUS: 'ACTIVE',
  CLASSTYPE: '1',
  ORDER_OBS: 'Both',
  LONG_COMMON_NAME: name,
  ...more,
})

/** The terms of the sample. */
export const terms = [
  term('90000001-1', 'Moonlight [Mass/volume] in Pond', {
    SHORTNAME: 'Moon Pond-mCnc',
    DisplayName: 'Moonlight (Pond)',
  }),
  term('90000002-2', 'Moonlight [Presence] in Pond', { SCALE_TYP: 'Ord', RELATEDNAMES2: 'Lunar glow; Shine' }),
  term('90000003-3', 'Stardust [Presence] in Well', {
    COMPONENT: 'Stardust',
    SYSTEM: 'Well',
    SCALE_TYP: 'Ord',
    CLASS: 'STELLAR.DUST',
  }),
  term('90000004-4', 'Stardust panel - Well', {
    COMPONENT: 'Stardust panel',
    CLASS: 'PANEL.STELLAR',
    ORDER_OBS: 'Order',
    STATUS: 'TRIAL',
  }),
  term('90000005-5', 'Old moonlight', { STATUS: 'DEPRECATED', CLASSTYPE: '2' }),
  term('90000006-6', 'Doubtful moonlight', {
    STATUS: 'DISCOURAGED',
    EXTERNAL_COPYRIGHT_NOTICE: 'Copyright © of nobody',
  }),
  term('90000007-7', 'Tale of a pond Note', {
    COMPONENT: 'Tale',
    SCALE_TYP: 'Doc',
    CLASS: 'DOC.TALE',
    CLASSTYPE: '2',
    ORDER_OBS: 'Observation',
  }),
]

type Link = [number: string, part: string, name: string, type: string, property: string]

const link = (...[number, part, name, type, property]: Link) => ({
  LoincNumber: number,
  PartNumber: part,
  PartName: name,
  PartTypeName: type,
  LinkTypeName: 'Primary',
  Property: `http://loinc.org/property/${property}`,
})

const LINK_COLUMNS = [
  'LoincNumber',
  'LongCommonName',
  'PartNumber',
  'PartName',
  'PartCodeSystem',
  'PartTypeName',
  'LinkTypeName',
  'Property',
]

const partLinks = [
  ...['90000001-1', '90000002-2', '90000005-5', '90000006-6'].flatMap((each) => [
    link(each, 'LP90000001-1', 'Moonlight', 'COMPONENT', 'COMPONENT'),
    link(each, 'LP90000011-1', 'Pond', 'SYSTEM', 'SYSTEM'),
  ]),
  link('90000003-3', 'LP90000002-2', 'Stardust', 'COMPONENT', 'COMPONENT'),
  link('90000003-3', 'LP90000022-2', 'Ord', 'SCALE', 'SCALE_TYP'),
  link('90000007-7', 'LP90000031-1', 'Note', 'Document.Kind', 'document-kind'),
  link('90000007-7', 'LP90000021-1', 'Doc', 'SCALE', 'SCALE_TYP'),
]

const part = (...[number, type, name, display = name, status = 'ACTIVE']: string[]) => ({
  PartNumber: number ?? '',
  PartTypeName: type ?? '',
  PartName: name ?? '',
  PartDisplayName: display ?? '',
  Status: status,
})

type ListedAnswer = [list: string, name: string, id: string, sequence: string, text: string]

const answer = (...[list, name, id, sequence, text]: ListedAnswer) => ({
  AnswerListId: list,
  AnswerListName: name,
  ExtDefinedYN: 'N',
  AnswerStringId: id,
  SequenceNumber: sequence,
  DisplayText: text,
})

const ANSWER_COLUMNS = [
  ...['AnswerListId', 'AnswerListName', 'AnswerListOID', 'ExtDefinedYN', 'ExtDefinedAnswerListCodeSystem'],
  ...['ExtDefinedAnswerListLink', 'AnswerStringId', 'SequenceNumber', 'DisplayText', 'Description'],
]

const answers = [
  answer('LL90000001-1', 'Glow|No glow', 'LA90000002-2', '2', 'No glow'),
  answer('LL90000001-1', 'Glow|No glow', 'LA90000001-1', '1', 'Glow'),
  answer('LL90000002-2', 'Glow|Dim', 'LA90000001-1', '1', 'Glow'),
  answer('LL90000002-2', 'Glow|Dim', 'LA90000003-3', '2', 'Dim'),
  {
    AnswerListId: 'LL90000003-3',
    AnswerListName: 'Names of stars',
    ExtDefinedYN: 'Y',
    ExtDefinedAnswerListCodeSystem: 'urn:x:stars',
  },
]

const node = (parent: string, code: string, text: string) => ({ IMMEDIATE_PARENT: parent, CODE: code, CODE_TEXT: text })

const translation = (number: string, more: Record<string, string>) => ({ LOINC_NUM: number, ...more })
const VARIANT_COLUMNS = [
  'LOINC_NUM',
  'COMPONENT',
  'SHORTNAME',
  'LONG_COMMON_NAME',
  'RELATEDNAMES2',
  'LinguisticVariantDisplayName',
]

/** Names of the files within a release. */
export const NAMES = {
  terms: 'LoincTable/Loinc.csv',
  mapTo: 'LoincTable/MapTo.csv',
  parts: 'AccessoryFiles/PartFile/Part.csv',
  partLinks: 'AccessoryFiles/PartFile/LoincPartLink_Primary.csv',
  furtherLinks: 'AccessoryFiles/PartFile/LoincPartLink_Supplementary.csv',
  answers: 'AccessoryFiles/AnswerFile/AnswerList.csv',
  answerLinks: 'AccessoryFiles/AnswerFile/LoincAnswerListLink.csv',
  hierarchy: 'AccessoryFiles/ComponentHierarchyBySystem/ComponentHierarchyBySystem.csv',
  consumerNames: 'AccessoryFiles/ConsumerName/ConsumerName.csv',
  variants: 'AccessoryFiles/LinguisticVariants/LinguisticVariants.csv',
  german: 'AccessoryFiles/LinguisticVariants/deDE15LinguisticVariant.csv',
  austrian: 'AccessoryFiles/LinguisticVariants/deAT24LinguisticVariant.csv',
  french: 'AccessoryFiles/LinguisticVariants/frFR18LinguisticVariant.csv',
  groups: 'AccessoryFiles/GroupFile/Group.csv',
  parentGroups: 'AccessoryFiles/GroupFile/ParentGroup.csv',
  groupTerms: 'AccessoryFiles/GroupFile/GroupLoincTerms.csv',
} as const

/** The files of the sample by name. */
export function sampleFiles(): Record<string, string> {
  return {
    [NAMES.terms]: table(TERM_COLUMNS, terms),
    [NAMES.mapTo]: table(['LOINC', 'MAP_TO', 'COMMENT'], [{ LOINC: '90000006-6', MAP_TO: '90000001-1' }]),
    [NAMES.parts]: table(Object.keys(part('', '', '')), [
      part('LP90000001-1', 'COMPONENT', 'Moonlight', 'Light of the moon'),
      part('LP90000002-2', 'COMPONENT', 'Stardust'),
      part('LP90000011-1', 'SYSTEM', 'Pond'),
      part('LP90000021-1', 'SCALE', 'Doc', 'Document'),
      part('LP90000041-1', 'CLASS', 'LUNAR', 'Lunar things'),
      part('LP90000042-2', 'CLASS', 'STELLAR.DUST', 'Dust of the stars', 'DEPRECATED'),
    ]),
    [NAMES.partLinks]: table(LINK_COLUMNS, partLinks),
    [NAMES.furtherLinks]: table(LINK_COLUMNS, [
      link('90000001-1', 'LP90000001-1', 'Moonlight', 'COMPONENT', 'COMPONENT'),
      link('90000001-1', 'LP90000001-1', 'Moonlight', 'COMPONENT', 'analyte'),
    ]),
    [NAMES.answers]: table(ANSWER_COLUMNS, answers),
    [NAMES.answerLinks]: table(
      ['LoincNumber', 'LongCommonName', 'AnswerListId', 'AnswerListName', 'AnswerListLinkType', 'ApplicableContext'],
      [
        { LoincNumber: '90000002-2', AnswerListId: 'LL90000001-1' },
        { LoincNumber: '90000003-3', AnswerListId: 'LL90000001-1' },
        { LoincNumber: '90000003-3', AnswerListId: 'LL90000002-2' },
      ],
    ),
    [NAMES.hierarchy]: table(
      ['PATH_TO_ROOT', 'SEQUENCE', 'IMMEDIATE_PARENT', 'CODE', 'CODE_TEXT'],
      [
        node('', 'LP90000100-1', '{component}'),
        node('LP90000100-1', 'LP90000041-1', 'Lunar'),
        node('LP90000041-1', 'LP90000001-1', 'Moonlight'),
        node('LP90000001-1', '90000001-1', 'Moon Pond-mCnc'),
        node('LP90000001-1', '90000002-2', 'Moon Pond Ord'),
        node('LP90000100-1', 'LP90000101-1', 'Wells'),
        node('LP90000101-1', '90000003-3', 'Stardust Well'),
        node('LP90000101-1', '90000002-2', 'Moon Pond Ord'),
      ],
    ),
    [NAMES.consumerNames]: table(
      ['LoincNumber', 'ConsumerName'],
      [{ LoincNumber: '90000001-1', ConsumerName: 'Moonlight, Pond' }],
    ),
    [NAMES.variants]: table(
      ['ID', 'ISO_LANGUAGE', 'ISO_COUNTRY', 'LANGUAGE_NAME', 'PRODUCER'],
      [
        { ID: '15', ISO_LANGUAGE: 'de', ISO_COUNTRY: 'DE' },
        { ID: '24', ISO_LANGUAGE: 'de', ISO_COUNTRY: 'AT' },
        { ID: '18', ISO_LANGUAGE: 'fr', ISO_COUNTRY: 'FR' },
        { ID: '5', ISO_LANGUAGE: 'zh', ISO_COUNTRY: 'CN' },
      ],
    ),
    [NAMES.german]: table(VARIANT_COLUMNS, [
      translation('90000001-1', {
        LONG_COMMON_NAME: 'Mondlicht [Masse/Volumen] im Teich',
        RELATEDNAMES2: 'Mondschein',
      }),
    ]),
    [NAMES.austrian]: table(VARIANT_COLUMNS, [
      translation('90000001-1', { LinguisticVariantDisplayName: 'Mondlicht /Teich' }),
    ]),
    [NAMES.french]: table(VARIANT_COLUMNS, [
      translation('90000001-1', { LONG_COMMON_NAME: 'Clair de lune [Masse/Volume] Étang', SHORTNAME: 'Lune Étang' }),
      translation('90009999-9', { LONG_COMMON_NAME: 'Un autre' }),
    ]),
    [NAMES.groups]: table(
      ['ParentGroupId', 'GroupId', 'Group', 'Archetype', 'Status', 'VersionFirstReleased'],
      [{ ParentGroupId: 'LG90000001-1', GroupId: 'LG90000002-2', Group: 'Moonlight of all kinds', Status: 'Active' }],
    ),
    [NAMES.parentGroups]: table(
      ['ParentGroupId', 'ParentGroup', 'Status'],
      [{ ParentGroupId: 'LG90000001-1', ParentGroup: 'Lights', Status: 'ACTIVE' }],
    ),
    [NAMES.groupTerms]: table(
      ['Category', 'GroupId', 'Archetype', 'LoincNumber', 'LongCommonName'],
      [
        { GroupId: 'LG90000002-2', LoincNumber: '90000001-1' },
        { GroupId: 'LG90000002-2', LoincNumber: '90000002-2' },
      ],
    ),
  }
}
