import type { Texts } from '../texts.ts'

/** Texts of the scanner: camera, pictures, and why there is nothing to see. */
export const scan: Texts['scan'] = {
  title: 'Ler um código',
  openCamera: 'Abrir a câmara',
  preview: 'Imagem da câmara',
  closeCamera: 'Fechar a câmara',
  opening: 'A abrir a câmara…',
  cameraOpen: 'Câmara aberta',
  cameraClosed: 'Câmara fechada',
  codeFound: 'Código encontrado',
  paused: 'Em pausa enquanto se mostra um veredicto',
  next: 'Ler o código seguinte',
  sights: {
    starting: 'A iniciar o leitor…',
    nothing: 'Segure o código dentro da moldura',
    unread: 'Aproxime-o: o código vê-se, mas não se consegue ler',
    read: 'Código lido',
  },
  turnLightOn: 'Ligar a luz',
  turnLightOff: 'Desligar a luz',
  lightOn: 'Luz ligada',
  lightOff: 'Luz desligada',
  lightFails: 'Não é possível mudar a luz',
  camera: 'Câmara',
  cameraNumber: 'Câmara {n}',
  zoom: 'Zoom',
  rests: {
    insecure: {
      head: 'A câmara precisa de https',
      hint: 'Fora de localhost, um navegador só dá a câmara a uma página por https. Pode escolher uma imagem ou um PDF, colar o texto do código ou usar um leitor de códigos.',
    },
    unsupported: {
      head: 'Este navegador não dá nenhuma câmara',
      hint: 'Pode escolher uma imagem ou um PDF, colar o texto do código ou usar um leitor de códigos.',
    },
    refused: {
      head: 'A câmara não está autorizada',
      hint: 'Autorize-a nas definições do navegador para esta página e nas do sistema. Depois abra-a de novo.',
    },
    absent: {
      head: 'Não foi encontrada nenhuma câmara',
      hint: 'Ligue uma, ou escolha uma imagem ou um PDF, cole o texto do código ou use um leitor de códigos.',
    },
    taken: {
      head: 'A câmara não dá imagem',
      hint: 'Talvez outro programa a esteja a usar. Feche-o e abra a câmara de novo.',
    },
    ended: {
      head: 'A câmara foi desligada',
      hint: 'Ligue-a ou autorize-a de novo e abra-a.',
    },
    hidden: {
      head: 'A câmara foi fechada',
      hint: 'Fecha-se sempre que esta página não está à vista.',
    },
    broken: {
      head: 'O leitor parou',
      hint: 'O seu programa não pôde ser carregado ou falhou. Verifique a rede e abra a câmara de novo.',
    },
  },
  choose: 'Escolher uma imagem ou um PDF',
  dropHint:
    'Ou largue-o em qualquer lugar desta página, ou cole-o. As imagens são lidas neste navegador; um PDF, ou uma imagem que aqui não se consegue ler, é lido pelo servidor, que nada guarda dele.',
  dropHere: 'Largue a imagem ou o PDF',
  reading: 'A ler a imagem…',
  troubles: {
    none: {
      head: 'Não foi encontrado nenhum código nesta imagem',
      hint: 'Tire-a de mais perto, com luz uniforme e sem dobras, ou entregue-a como PNG ou JPEG.',
    },
    unread: {
      head: 'Nem todos os códigos desta imagem se conseguem ler',
      hint: 'Por isso nada dela é usado. Tire-a de mais perto, com luz uniforme e sem dobras.',
    },
    unknown: {
      head: 'Este ficheiro não é uma imagem nem um PDF',
      hint: 'São lidos PNG, JPEG, WebP e PDF, e o mais que este navegador sabe mostrar.',
    },
    broken: {
      head: 'Este ficheiro está danificado',
      hint: 'Começa como uma imagem e não pode ser descodificado. Guarde-o ou envie-o outra vez.',
    },
    huge: {
      head: 'Esta imagem é demasiado grande',
      hint: 'São lidos no máximo 100 megapíxeis e 60 MB.',
    },
    large: {
      head: 'Este ficheiro é demasiado grande para o servidor',
      hint: 'Um PDF, ou uma imagem que aqui não se consegue ler, pode ter no máximo 10 MB.',
    },
    slow: {
      head: 'Esta imagem demora demasiado a ler',
      hint: 'Recorte o código e entregue só essa parte.',
    },
    failed: {
      head: 'O leitor não pôde ser iniciado',
      hint: 'Verifique a rede e entregue a imagem de novo.',
    },
    several: {
      head: 'Nem todos estes ficheiros podem ser lidos em conjunto',
      hint: 'Por isso nenhum é usado. Entregue-os um a um.',
    },
    many: {
      head: 'São demasiados ficheiros',
      hint: 'São lidos no máximo 10 de cada vez.',
    },
  },
}
