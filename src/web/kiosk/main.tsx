import "virtual:catalogue-font/kiosk.css";
import "../ui/tokens.css";
import "../ui/base.css";
import "./kiosk.css";
import "./door-tile.css";
import "./landscape.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { startKiosk } from "./kiosk.ts";

const page = document.getElementById("page");
if (page !== null) render(<App kiosk={startKiosk()} />, page);
