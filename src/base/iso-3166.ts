/**
 * ISO 3166-1 country codes, each as alpha-2 followed by alpha-3 (`urn:iso:std:iso:3166`). XK/XKX (Kosovo) is not ISO's
 * but stands in the country lists of certificates.
 */
const CODES =
  'ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE BABIH BBBRB BDBGD ' +
  'BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN ' +
  'CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU ' +
  'DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB ' +
  'GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG ' +
  'HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN ' +
  'KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU ' +
  'LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR ' +
  'MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL ' +
  'OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB ' +
  'RURUS RWRWA SASAU SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP ' +
  'SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON TRTUR TTTTO TVTUV TWTWN ' +
  'TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR VNVNM VUVUT WFWLF WSWSM XKXKX YEYEM YTMYT ' +
  'ZAZAF ZMZMB ZWZWE'

const alpha3Of = new Map(CODES.split(' ').map((pair) => [pair.slice(0, 2), pair.slice(2)]))
const alpha2Of = new Map([...alpha3Of].map(([alpha2, alpha3]) => [alpha3, alpha2]))

/** Alpha-3 of an upper-case alpha-2 code; undefined when ISO 3166-1 does not assign it. */
export function alpha3FromAlpha2(code: string): string | undefined {
  return alpha3Of.get(code)
}

/** Alpha-2 of an upper-case alpha-3 code; undefined when ISO 3166-1 does not assign it. */
export function alpha2FromAlpha3(code: string): string | undefined {
  return alpha2Of.get(code)
}

/** Whether the upper-case text is an alpha-2 or alpha-3 code of ISO 3166-1. */
export function isCountryCode(code: string): boolean {
  return alpha3Of.has(code) || alpha2Of.has(code)
}

/**
 * Whether the upper-case text may name a jurisdiction: a code of ISO 3166-1, one of the range beginning with X that it leaves to
 * users (test participants of the networks), or EU, which it reserves.
 */
export function isJurisdictionCode(code: string): boolean {
  return isCountryCode(code) || /^X[A-Z]$|^X[A-X][A-Z]$|^EU$/.test(code)
}
