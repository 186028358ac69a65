"""How the page looks: one column that fits a phone, light and dark, no font or picture from afar.

Text keeps a contrast of at least 4.5 to 1 with what is behind it, in both themes. Horizontal
places in figures are per cent, so that strokes and letters keep their size on any screen.
"""

from __future__ import annotations

from typing import Final

STYLE: Final = """\
:root{color-scheme:light dark;
--paper:#faf7f2;--card:#fff;--ink:#221f1b;--muted:#635c53;--line:#e4ddd2;--faint:#f1ece4;
--ember:#b3420f;--glow:#f0a36b;--touch:#c2452d;--voice:#2368b4;--person:#20734a;--look:#7a4bb0;
--move:#986000;--sleep:#8a94a6;--fault:#b3132b;--own:#986000;--shade:rgba(60,40,10,.08)}
@media (prefers-color-scheme:dark){:root{
--paper:#16130f;--card:#201c17;--ink:#f3ece2;--muted:#b5aa9b;--line:#3a332a;--faint:#2a241d;
--ember:#ff9a5c;--glow:#a5521d;--touch:#ff8a70;--voice:#78b4ff;--person:#6fd19b;--look:#c6a0f5;
--move:#f0b44c;--sleep:#76819a;--fault:#ff7d8c;--own:#f0b44c;--shade:rgba(0,0,0,.35)}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
overflow-wrap:anywhere}
main{max-width:52rem;margin:0 auto;padding:1.25rem 1rem 4rem}
header{padding:1.5rem 0 .5rem}
.eyebrow{color:var(--ember);font-weight:600;letter-spacing:.08em;text-transform:uppercase;
font-size:.78rem;margin:0}
h1{font:600 clamp(1.7rem,6vw,2.6rem)/1.15 ui-serif,Georgia,"Times New Roman",serif;margin:.2rem 0}
h2{font:600 1.35rem/1.25 ui-serif,Georgia,"Times New Roman",serif;margin:0 0 .25rem}
h3{font-size:1rem;margin:1.4rem 0 .3rem}
p{margin:.4rem 0}
.lede{color:var(--muted);margin:0 0 .9rem}
section{background:var(--card);border:1px solid var(--line);border-radius:14px;
padding:1.1rem 1rem 1.2rem;margin:1rem 0;box-shadow:0 1px 2px var(--shade)}
.tiles{display:grid;gap:.6rem;
grid-template-columns:repeat(auto-fit,minmax(7.4rem,1fr));margin:1rem 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.7rem .8rem}
.tile b{display:block;font:600 1.4rem/1.15 ui-serif,Georgia,serif;
font-variant-numeric:tabular-nums}
.tile span{color:var(--muted);font-size:.84rem}
.missing{border-left:3px solid var(--glow);background:var(--faint);color:var(--muted);
padding:.6rem .8rem;border-radius:0 8px 8px 0;margin:.4rem 0}
.diary{font:1.08rem/1.7 ui-serif,Georgia,"Times New Roman",serif}
.diary a{color:inherit;text-decoration:underline;text-decoration-color:var(--glow);
text-decoration-thickness:2px;text-underline-offset:4px}
.diary a:hover,.diary a:focus{background:var(--faint)}
.lane{display:grid;grid-template-columns:7.2rem 1fr;align-items:center;gap:.5rem;margin:.16rem 0}
.lane>span{color:var(--muted);font-size:.84rem;text-align:right}
.lane svg,.plot svg{display:block;width:100%;overflow:visible}
.axis text,.plot text{font-size:12px;fill:var(--muted);font-variant-numeric:tabular-nums}
.plot text{paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}
.plot>.polar{max-width:26rem;margin:0 auto}.polar text{font-size:inherit;stroke:none}
.plot{margin:.3rem 0 .2rem}
.plot figcaption,.caption{color:var(--muted);font-size:.86rem}
figure{margin:0}
.two{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr))}
.moments{list-style:none;margin:.6rem 0 0;padding:0;display:grid;gap:.6rem}
.moments>li{border:1px solid var(--line);border-radius:10px;padding:.65rem .75rem;
scroll-margin-top:1rem}
.moments>li:target{border-color:var(--ember);box-shadow:0 0 0 2px var(--glow)}
.when{display:flex;flex-wrap:wrap;gap:.2rem .7rem;align-items:baseline}
.when b{font-variant-numeric:tabular-nums}
.tag{font-size:.76rem;padding:.05rem .5rem;border-radius:99px;background:var(--faint);
color:var(--muted);border:1px solid var(--line)}
.chips{display:flex;flex-wrap:wrap;gap:.3rem;margin:.4rem 0}
.chip{font-size:.84rem;padding:.08rem .55rem;border-radius:99px;border:1px solid currentColor}
.bar{height:8px;border-radius:4px;background:var(--faint);overflow:hidden;display:flex;
margin:.35rem 0 .2rem}
.bar i{display:block;height:100%}
.source{color:var(--muted);font-size:.78rem;font-family:ui-monospace,Menlo,Consolas,monospace}
.legend{display:flex;flex-wrap:wrap;gap:.2rem .9rem;font-size:.84rem;color:var(--muted);
margin:.3rem 0}
.legend i{display:inline-block;width:.7rem;height:.7rem;border-radius:3px;margin-right:.35rem}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:.25rem .3rem;border-bottom:1px solid var(--line);font-weight:400}
th:first-child,td:first-child{text-align:left}
thead th{color:var(--muted);font-size:.8rem}
details summary{cursor:pointer;color:var(--ember);margin:.6rem 0}
footer{color:var(--muted);font-size:.84rem;margin:1.5rem .2rem}
a{color:var(--ember)}
code{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.9em}
@media (max-width:30rem){section{padding:1rem .8rem}.lane{grid-template-columns:1fr;gap:.05rem}
.lane>span{text-align:left}}
@media print{body{background:#fff}section{break-inside:avoid;box-shadow:none}}
"""
