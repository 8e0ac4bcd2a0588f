// A Docusaurus site with an MDX page that has a widget; the script comes with every page.

export default {
  title: "Pages with models",
  url: "https://pages.example",
  baseUrl: "/",
  onBrokenLinks: "throw",
  scripts: [{ src: "https://vitrine.example/model-widget.js", type: "module" }],
  themes: ["@docusaurus/theme-classic"],
  plugins: ["@docusaurus/plugin-content-pages"],
};
